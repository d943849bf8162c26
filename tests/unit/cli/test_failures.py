from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.failures import failures_of, failures_of_all
from orchestrator.cli.options import Scenario, load_scenarios
from orchestrator.records import ThresholdResult
from tests.unit.report.html.stored_run import failing_tasks
from tests.unit.report.result_factory import make_result, make_task
from tests.unit.report.test_experiment import FOUR, experiment

TEXT = """\
version: 1
name: small
app: tasks.app:app
workers:
  add: {queues: [add], pool: solo}
workloads:
  w: {executor: shared-iterations, canvas: {task: add, args: [1, 2]}}
thresholds:
  verified: ["rate==1"]
  "task_duration{task:add}":
    - p(95)<1s
    - {threshold: p(99)<2s, abort_on_fail: true}
"""


@pytest.fixture
def scenario(tmp_path: Path) -> Scenario:
    path = tmp_path / "s.yaml"
    path.write_text(TEXT)
    (found,) = load_scenarios([path], [], None, None)
    return found.variants[0]


def failed(*pairs: tuple[str, str]) -> Any:
    result = make_result()
    thresholds = tuple(ThresholdResult(*pair, observed=3000.0, passed=False) for pair in pairs)
    return replace(result, judgement=replace(result.judgement, thresholds=thresholds))


def test_a_run_that_passed_has_none(scenario: Scenario) -> None:
    assert failures_of(scenario, make_result()) == []
    assert failures_of_all(scenario.path, experiment(*FOUR)) == []


@pytest.mark.parametrize(
    ("metric", "expression", "line"),
    [
        ("verified", "rate==1", 9),
        ("task_duration{task:add}", "p(95)<1s", 11),
        ("task_duration{task:add}", "p(99)<2s", 12),
        ("tasks_failed", "count==0", 9),  # implied: at the thresholds
    ],
)
def test_a_threshold_that_failed_is_annotated_where_it_stands(
    scenario: Scenario, metric: str, expression: str, line: int
) -> None:
    (annotation,) = failures_of(scenario, failed((metric, expression)))
    assert (annotation.file, annotation.line) == (str(scenario.path), line)
    assert annotation.title == "small: threshold"
    assert annotation.message.startswith(f"{metric} {expression}: observed ")


def test_without_the_places_the_file_is_named(scenario: Scenario) -> None:
    (annotation,) = failures_of(replace(scenario, marks=None), failed(("verified", "rate==1")))
    assert (annotation.file, annotation.line) == (str(scenario.path), 0)


def test_what_was_not_verified_is_counted_and_named(scenario: Scenario) -> None:
    first, *_ = failures_of(scenario, make_result(failing_tasks()))
    ids = ", ".join(make_task(number).id for number in (20, 21, 22))
    assert first.message == (f"verification failed: 3 wrong, 1 lost result (the first: {ids})")
    assert first.title == "mixed"


def test_an_experiment_has_one_for_all_its_runs(scenario: Scenario) -> None:
    (annotation,) = failures_of_all(scenario.path, experiment(*FOUR, exit_code=5))
    assert annotation.message == "4 runs in 12.5 s: verification failed (exit code 5)"
    assert annotation.file == str(scenario.path)
