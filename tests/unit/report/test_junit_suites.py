from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.errors import ExitCode
from orchestrator.records import Outcome
from orchestrator.report.capacity import capacity_summary
from orchestrator.report.junit_suites import Case, Suite, capacity_suite, run_suite
from orchestrator.report.summary import summary
from tests.unit.report.result_factory import make_plan, make_result, make_task, threshold
from tests.unit.report.test_capacity import FOUND, step

KINDS: dict[str, dict[str, Any]] = {
    "ok": {},
    "wrong": {"matched": False},
    "failed": {"state": "FAILURE", "matched": False},
    "lost_task": {"results": 0, "executions": 0, "state": "PENDING", "matched": None},
    "lost_result": {"results": 0, "state": "PENDING", "matched": None},
    "duplicate": {"executions": 2},
    "late": {"late": True},
}
THRESHOLDS = (
    threshold("tasks_failed", "count<3", "count", "<", 3),
    threshold("tasks_late", "count<=1", "count", "<=", 1),
    threshold("tasks_failed", "count==0", "count", "==", 0, tags={"task": "add"}),
    threshold("throughput", "rate>1/s", "rate", ">", 1.0),
)


def outcomes(kinds: list[str]) -> list[Outcome]:
    return [make_task(number, **KINDS[kind]) for number, kind in enumerate(kinds)]


def bad(suite: Suite) -> list[str]:
    return [case.name for case in suite.cases if case.problem is not None]


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)
@given(
    st.lists(st.sampled_from(sorted(KINDS)), max_size=8),
    st.sets(st.sampled_from(range(len(THRESHOLDS)))),
)
def test_a_case_fails_exactly_when_the_run_does(kinds: list[str], chosen: set[int]) -> None:
    thresholds = tuple(THRESHOLDS[index] for index in sorted(chosen))
    result = make_result(outcomes(kinds), make_plan(thresholds=thresholds))
    assert bool(bad(run_suite(summary(result)))) == (result.exit_code != ExitCode.PASSED)


def test_each_verdict_has_its_case() -> None:
    suite = run_suite(summary(make_result(outcomes(sorted(KINDS)), make_plan(thresholds=()))))
    assert bad(suite) == [
        "tasks_failed count==0", "tasks_late count==0",
        "wrong", "failed", "lost task", "lost result", "duplicate", "late",
    ]  # fmt: skip


def test_failures_that_the_scenario_allows_for_are_said_and_fail_nothing() -> None:
    plan = make_plan(thresholds=THRESHOLDS[:2])
    suite = run_suite(summary(make_result(outcomes(["ok", "failed", "late"]), plan)))
    assert bad(suite) == []
    (case,) = [case for case in suite.cases if case.name == "failed"]
    assert case.details.startswith("1 failed: how many are too many")
    assert make_task(1).id in case.details


@pytest.mark.parametrize("code", [3, 4, 130, 143])
def test_a_run_that_did_not_come_to_its_end_is_an_error(code: int) -> None:
    suite = run_suite(summary(make_result(exit_code=code, stopped_by="SIGINT", partial=True)))
    assert (suite.count("error"), suite.count("failure")) == (1, 0)
    assert "stopped by SIGINT" in suite.cases[0].message


def test_ids_are_capped_and_counted() -> None:
    wrong = [make_task(n, matched=False, reason="no") for n in range(250)]
    result = make_result(wrong, tracebacks={each.id: "Traceback" for each in wrong})
    (case,) = [case for case in run_suite(summary(result)).cases if case.name == "wrong"]
    assert case.message == f"250 wrong: {', '.join(each.id for each in wrong[:3])} and 247 more"
    assert case.details.count("add_module.tasks.add: no") == 20
    assert "and 230 more: see summary.json and tasks.csv.gz" in case.details
    assert case.details.count("Traceback") == 3


def test_a_capacity_fails_where_no_rate_held_or_a_result_was_wrong() -> None:
    assert bad(capacity_suite(capacity_summary(FOUND))) == []
    none = replace(FOUND, held_per_s=None, exit_code=ExitCode.THRESHOLD_FAILED)
    assert bad(capacity_suite(capacity_summary(none))) == ["a rate held"]
    lost = replace(step(9.0), verdicts={"ok": 1, "lost_task": 2})
    lossy = replace(FOUND, steps=(lost,), exit_code=ExitCode.VERIFICATION_FAILED)
    suite = capacity_suite(capacity_summary(lossy))
    assert bad(suite) == ["lost task"]
    assert Case("verdicts", "lost task", "failure", "lost_task", "2 lost tasks") in suite.cases
    stopped = replace(FOUND, exit_code=130, limited_by="stopped")
    assert bad(capacity_suite(capacity_summary(stopped))) == ["came to its end"]
