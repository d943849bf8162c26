from typing import Any

import pytest

from orchestrator.judge.metrics import Metrics
from orchestrator.judge.thresholds import evaluate, metric_with_tags
from orchestrator.judge.view import View
from orchestrator.records import ThresholdResult
from tests.unit.judge.outcome_factory import MS, make_outcome, make_threshold


def ten_tasks() -> View:
    """Tasks of 100, 200 ... 1000 ms; the last one is wrong."""
    metrics = Metrics()
    for number in range(1, 11):
        outcome = make_outcome(str(number), intended_ns=0, seen_ns=number * 100 * MS)
        metrics.add(outcome, "wrong" if number == 10 else "ok")
    return View(metrics, measured_s=2.0)


@pytest.mark.parametrize(
    ("metric", "aggregation", "observed"),
    [
        ("task_duration", "avg", 550.0),
        ("task_duration", "min", 100.0),
        ("task_duration", "med", 550.0),
        ("task_duration", "max", 1000.0),
        ("task_duration", "p", 955.0),
        ("task_duration", "count", 10),
        ("verified", "rate", 0.9),
        ("errors", "rate", 0.1),
        ("throughput", "rate", 4.5),
        ("throughput", "value", 4.5),
        ("tasks_wrong", "count", 1),
        ("tasks_sent", "rate", 5.0),
    ],
)
def test_every_aggregation(metric: str, aggregation: Any, observed: float) -> None:
    threshold = make_threshold(
        metric,
        "written by the user",
        aggregation=aggregation,
        percentile=95.0 if aggregation == "p" else None,
        operator="<=",
        limit=observed * (1 + 1e-9),
    )
    result = evaluate(threshold, ten_tasks())
    assert result.observed == pytest.approx(observed)
    assert result.passed
    assert (result.metric, result.expression) == (metric, "written by the user")


@pytest.mark.parametrize(
    ("operator", "below", "at", "above"),
    [
        ("<", True, False, False),
        ("<=", True, True, False),
        (">", False, False, True),
        (">=", False, True, True),
        ("==", False, True, False),
        ("!=", True, False, True),
    ],
)
def test_every_operator(operator: Any, below: bool, at: bool, above: bool) -> None:
    def passes(limit: float) -> bool:
        threshold = make_threshold("tasks_sent", "", operator=operator, limit=limit)
        return evaluate(threshold, ten_tasks()).passed

    assert (passes(11), passes(10), passes(9)) == (below, at, above)


def test_tags_choose_and_are_part_of_the_name() -> None:
    tags = {"task": "add", "pool": "fast"}
    threshold = make_threshold("tasks_sent", "count==10", tags=tags, limit=10)
    assert evaluate(threshold, ten_tasks()) == ThresholdResult(
        "tasks_sent{task:add,pool:fast}", "count==10", 10, True
    )
    assert metric_with_tags(make_threshold("verified", "")) == "verified"


def test_nothing_measured_has_failed_but_a_counter_is_zero() -> None:
    empty = View(Metrics(), 1.0)
    trend = make_threshold("run", "max<1s", aggregation="max", operator="<", limit=1000.0)
    assert evaluate(trend, empty) == ThresholdResult("run", "max<1s", None, False)
    counter = make_threshold("tasks_lost", "count==0")
    assert evaluate(counter, empty) == ThresholdResult("tasks_lost", "count==0", 0, True)


def test_verified_at_exactly_one() -> None:
    metrics = Metrics()
    for number in range(10_007):
        metrics.add(make_outcome(str(number)), "ok")
    threshold = make_threshold("verified", "rate==1", aggregation="rate", limit=1.0)
    assert evaluate(threshold, View(metrics, 1.0)).passed
    metrics.add(make_outcome("x"), "wrong")
    assert not evaluate(threshold, View(metrics, 1.0)).passed


def test_a_window() -> None:
    metrics = Metrics(window_s=60.0)
    for number in range(1, 11):
        outcome = make_outcome(str(number), intended_ns=0, seen_ns=number * 100 * MS)
        metrics.add(outcome, "ok")
    threshold = make_threshold("tasks_sent", "count==5", limit=5, window_s=0.5)
    assert evaluate(threshold, View(metrics, 1.0)).passed
