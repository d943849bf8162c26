"""Has a change gone too far? `--fail-if` against the figures of a comparison.

A gate trips when the change that was measured is beyond its limit, and noise alone does not make
such a change: the interval leaves no change out. Counts of what went wrong, and shares of it, are
facts and not estimates: for them the limit alone decides.
"""

import operator
from collections.abc import Callable, Mapping

from orchestrator.records import ChangeOperator, FailIf, FigureChange, GateResult

BEYOND: Mapping[ChangeOperator, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
COUNTED = frozenset(
    {
        "tasks_sent", "tasks_succeeded", "tasks_failed", "tasks_retried", "tasks_lost",
        "results_lost", "tasks_duplicated", "tasks_wrong", "tasks_late", "chord_bodies_early",
        "chord_bodies_twice", "chord_bodies_never", "dropped_iterations", "verified", "errors",
    }
)  # fmt: skip


def decide(gate: FailIf, figure: FigureChange) -> GateResult:
    """What becomes of ``gate``, given what was measured of its figure."""
    if figure.head is None:
        return GateResult(gate.text, figure, "tripped", "HEAD has measured nothing of it")
    if figure.base is None:
        return GateResult(gate.text, figure, "unsure", "BASE has measured nothing of it")
    changed = _changed(gate, figure.base, figure.head)
    if not BEYOND[gate.operator](changed, gate.change):
        return GateResult(gate.text, figure, "held", "within the limit")
    if gate.figure.metric in COUNTED:
        return GateResult(gate.text, figure, "tripped", "beyond the limit")
    if figure.interval is not None and figure.interval.beyond_noise:
        return GateResult(gate.text, figure, "tripped", "beyond the limit, and beyond the noise")
    return GateResult(
        gate.text,
        figure,
        "unsure",
        "beyond the limit, but noise alone may do that: more repeats would tell",
    )


def _changed(gate: FailIf, base: float, head: float) -> float:
    """As a ratio, or in the metric's own unit, as the gate has it."""
    if not gate.relative:
        return head - base
    if not base:
        return 0.0 if not head else float("inf")
    # Rounded, because 11 / 10 is not exactly a tenth more in binary.
    return round(head / base - 1, 12)
