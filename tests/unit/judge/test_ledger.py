"""The ledger joins what the driver, the probe and the client say about one task."""

import operator

import pytest

from orchestrator.judge.ledger import Ledger
from orchestrator.observe.timeline_context import TimelineContext
from orchestrator.records import (
    Call,
    CanvasOutcome,
    Expectation,
    Outcome,
    Submission,
    TaskResult,
    WorkloadPlan,
)

WORKLOAD = WorkloadPlan("w", "shared-iterations", Call("add"), aggregate="sum")


def no_functions(spec: str) -> None:
    raise AssertionError(spec)


@pytest.fixture
def ledger() -> Ledger:
    return Ledger.for_workloads([WORKLOAD], no_functions)  # type: ignore[arg-type]


def submission(iteration: int = 0, intended_ns: int = 100) -> Submission:
    task_id = f"t{iteration}"
    expectation = Expectation(
        task_id, "m.add", "add", "w", iteration, (1, 2), {}, reference=operator.add
    )
    chords = ((("a", "b"), "c"),)
    return Submission("w", iteration, (expectation,), task_id, chords, intended_ns)


def outcome_of(ledger: Ledger) -> Outcome:
    context = TimelineContext({}, {}, {})
    (outcome,) = ledger.timeline.outcomes(context, measured_from_ns=0, unfinished=lambda _: False)
    return outcome


def ended(iteration: int = 0, intended_ns: int = 100) -> CanvasOutcome:
    return CanvasOutcome("w", iteration, intended_ns, 110, 120, 700, "ok")


@pytest.mark.parametrize(("value", "matched"), [(3, True), (4, False)])
def test_a_result_is_held_against_its_expectation(
    ledger: Ledger, value: int, matched: bool
) -> None:
    ledger.submitted(submission())
    ledger.published(submission(), 110, 120)
    ledger.result(TaskResult("t0", "SUCCESS", value, None, 700))
    ledger.ended(ended(), value)
    outcome = outcome_of(ledger)
    assert outcome.matched is matched
    assert ledger.folds["w"].value == value
    assert ledger.chords == [(("a", "b"), "c")]


def test_what_waits_for_its_input_is_checked_at_the_end(ledger: Ledger) -> None:
    link = Expectation(
        "t1", "m.add", "add", "w", 0, (2,), {}, inputs="t0", after="t0", reference=operator.add
    )
    first = submission()
    ledger.submitted(Submission("w", 0, (*first.expectations, link), "t1", (), 100))
    ledger.result(TaskResult("t1", "SUCCESS", 5, None, 700))
    ledger.ended(ended(), 5)
    ledger.finish()
    outcomes = ledger.timeline.outcomes(
        TimelineContext({}, {}, {}), measured_from_ns=0, unfinished=lambda _: False
    )
    assert {outcome.id: outcome.results for outcome in outcomes} == {"t0": 0, "t1": 1}


def test_the_warm_up_is_not_folded_and_drops_are_counted(ledger: Ledger) -> None:
    ledger.measured_from_ns = 200
    for iteration, intended_ns in ((0, 100), (1, 300)):
        ledger.submitted(submission(iteration, intended_ns))
        ledger.ended(ended(iteration, intended_ns), 10)
    ledger.dropped("w", 2)
    ledger.dropped("w", 1)
    assert ledger.folds["w"].value == 10
    assert ledger.dropped_iterations == {"w": 3}
