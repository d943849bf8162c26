from typing import Any

import pytest

from orchestrator.judge.verdicts import Judged, judged, verdict
from orchestrator.judge.verify import NotRun
from tests.unit.judge.outcome_factory import make_outcome, no_result


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "ok"),
        ({"matched": None}, "ok"),
        ({"executions": None}, "ok"),
        ({"executions": 0}, "ok"),  # the probe lost an event; the result is there
        ({"state": "FAILURE", "matched": True}, "ok"),
        ({"state": "REVOKED", "matched": True}, "ok"),
        ({"retries": 3}, "ok"),
        ({"matched": False}, "wrong"),
        ({"state": "FAILURE", "matched": False}, "failed"),
        ({"state": "FAILURE", "matched": None}, "failed"),
        ({"state": "REVOKED", "matched": None}, "failed"),
        ({"late": True}, "late"),
        ({"executions": 2}, "duplicate"),
        ({"results": 2}, "duplicate"),
        ({"results": 2, "executions": None}, "duplicate"),
        # precedence
        ({"executions": 2, "matched": False, "late": True}, "duplicate"),
        ({"matched": False, "late": True}, "wrong"),
        ({"state": "FAILURE", "matched": False, "late": True}, "failed"),
        # Celery marks a task after two failed ones as failed twice: it never ran
        ({"state": "FAILURE", "matched": True, "executions": 0, "results": 2}, "ok"),
    ],
)
def test_with_a_result(changes: dict[str, Any], expected: str) -> None:
    assert verdict(make_outcome(**changes)) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"executions": 0}, "lost_task"),
        ({"executions": 0, "late": True}, "lost_task"),
        ({"executions": None}, "lost_task"),
        ({"executions": 1}, "lost_result"),
        ({"executions": 1, "late": True}, "lost_result"),
        ({"executions": 2}, "duplicate"),
        ({"executions": 0, "unfinished": True, "late": True}, "late"),
        ({"executions": 1, "unfinished": True}, "late"),
        ({"executions": 1, "ignored": True}, "ok"),
        ({"executions": None, "ignored": True}, "ok"),
        ({"executions": 0, "ignored": True}, "lost_task"),
        ({"executions": 2, "ignored": True}, "duplicate"),
    ],
)
def test_without_a_result(changes: dict[str, Any], expected: str) -> None:
    assert verdict(no_result(**changes)) == expected


def test_a_task_that_could_not_run_is_not_lost() -> None:
    outcome = no_result()
    assert judged(outcome, NotRun("t-0", "failed")) == Judged("failed", "not run: t-0 failed")
    assert judged(outcome, NotRun("t-0", "failed as expected")) == Judged(
        "ok", "not run, as expected: t-0 failed"
    )
    lost = judged(outcome, NotRun("t-0", "no result"))
    assert lost.verdict == "lost_task"
    assert lost.reason == "never executed: no result of t-0, which comes before it"


def test_a_task_that_ran_although_it_should_not_have_is_judged_by_what_it_did() -> None:
    assert verdict(no_result(executions=1), NotRun("t-0", "failed")) == "lost_result"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"received_ns": None}, "never received by a worker"),
        ({}, "received by a worker, never executed"),
        ({"retries": 2}, "never executed again after 2 retries"),
        (
            {"executions": None},
            "no result; whether it was executed is unknown (no probe in the workers)",
        ),
        ({"executions": 1}, "executed, but its result never arrived"),
        ({"unfinished": True, "reason": "still queued"}, "still queued"),
        ({"executions": 3}, "executed 3 times"),
    ],
)
def test_reasons_without_a_result(changes: dict[str, Any], reason: str) -> None:
    assert judged(no_result(**changes)).reason == reason


def test_reasons_with_a_result() -> None:
    wrong = make_outcome(matched=False, reason="expected 10, got 11")
    assert judged(wrong).reason == "expected 10, got 11"
    assert judged(make_outcome(results=3)).reason == "3 results arrived"
    assert judged(make_outcome()).reason is None
