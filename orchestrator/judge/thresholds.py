"""Does a threshold hold? At the end of a run and, for `abort_on_fail`, every second during it."""

import operator
from collections.abc import Callable, Mapping

from orchestrator.judge.view import View
from orchestrator.records import Operator, Threshold, ThresholdResult

COMPARE: Mapping[Operator, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def evaluate(threshold: Threshold, view: View) -> ThresholdResult:
    """Hold what was observed against the limit, in the metric's own unit.

    A trend, a rate or a gauge of which nothing was measured is None and has failed; a counter is 0.
    """
    observed = view.observe(
        threshold.metric,
        threshold.aggregation,
        threshold.percentile,
        threshold.tags,
        threshold.window_s,
    )
    return ThresholdResult(
        metric=metric_with_tags(threshold),
        expression=threshold.expression,
        observed=observed,
        passed=observed is not None and COMPARE[threshold.operator](observed, threshold.limit),
    )


def metric_with_tags(threshold: Threshold) -> str:
    """``task_duration{task:add,pool:fast}``, as in the scenario file."""
    if not threshold.tags:
        return threshold.metric
    tags = ",".join(f"{name}:{value}" for name, value in threshold.tags.items())
    return f"{threshold.metric}{{{tags}}}"
