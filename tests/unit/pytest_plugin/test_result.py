from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import ExitCode
from orchestrator.pytest_plugin.result import LabResult
from orchestrator.records import WorkloadPlan
from tests.unit.report.result_factory import PASSWORD, make_plan, make_result, make_task

DIRECTORY = Path("runs/mixed-1")


def lab_result(*arguments: Any, **changes: Any) -> LabResult:
    return LabResult(make_result(*arguments, **changes), DIRECTORY)


def test_a_good_run() -> None:
    result = lab_result()
    result.assert_passed()
    assert (result.passed, result.exit_code) == (True, ExitCode.PASSED)
    assert result.verdicts["ok"] == 100
    assert result.verdicts["lost_task"] == 0
    assert result.metrics["task_duration"].p95_ms == pytest.approx(40, abs=5)
    assert result.counters["tasks_sent"] == 100
    assert result.rates["throughput"] == 100
    assert [threshold.passed for threshold in result.thresholds] == [True] * 4
    assert result.report == DIRECTORY / "report.html"


def test_the_value_of_a_workload() -> None:
    result = lab_result()
    assert result.value("sums") == 123456
    assert result.workloads["sums"].dropped_iterations == 2
    with pytest.raises(KeyError, match="no workload 'sum': there are sums, factorials"):
        result.value("sum")
    (first, *_) = (plan := make_plan()).workloads
    none: WorkloadPlan = replace(first, aggregate=None)
    with pytest.raises(KeyError, match="has no `aggregate`"):
        lab_result(None, replace(plan, workloads=(none,))).value("sums")


def test_a_failure_names_thresholds_tasks_and_the_report() -> None:
    tasks = [make_task(number, matched=number > 6) for number in range(40)]
    result = lab_result(tasks, stopped_by=f"broker redis://:{PASSWORD}@localhost/0 died")
    with pytest.raises(AssertionError) as caught:
        result.assert_passed()
    lines = str(caught.value).splitlines()
    assert lines[0] == "scenario mixed did not pass: verification failed (exit code 5)"
    assert lines[1] == "  stopped by broker redis://:***@localhost/0 died"
    assert "  threshold verified: rate==1, observed 82.5 %" in lines
    assert "  threshold throughput: rate>50/s, observed 33.0/s" in lines
    wrong = lines.index("  wrong: 7 of 40 tasks")
    assert lines[wrong + 1].startswith(f"    {make_task(0).id}")
    assert lines[wrong + 6] == f"    and 2 more: see {DIRECTORY / 'tasks.csv.gz'}"
    assert lines[-1] == f"  report: {DIRECTORY / 'report.html'}"
    assert result.ids["wrong"][0] == make_task(0).id
