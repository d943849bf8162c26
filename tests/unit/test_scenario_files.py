"""From files to checked plans: tasks and queues are looked up in the app, all problems at once."""

from pathlib import Path

import pytest

from orchestrator.errors import AppNotLoaded, ScenarioError
from orchestrator.scenario_files import load_scenarios

TEXT = """\
version: 1
name: small
app: %s
workers:
  add: {queues: [add], pool: solo}
workloads:
  w:
    executor: shared-iterations
    canvas:
      chain: [{task: %s, args: [1, 2]}, {task: identity}]
"""


def write(path: Path, app: str = "tasks.app:app", task: str = "add") -> Path:
    path.write_text(TEXT % (app, task))
    return path


def test_a_good_file_comes_with_its_plan_and_app(tmp_path: Path) -> None:
    (found,) = load_scenarios([write(tmp_path / "a.yaml")], ["seed=5"], None, None)
    (scenario,) = found.variants
    assert found.runs == 1
    assert scenario.plan.seed == 5
    assert "add_module.tasks.add" in scenario.app.tasks


def test_problems_of_all_files_come_together(tmp_path: Path) -> None:
    first = write(tmp_path / "a.yaml", task="ad")
    second = write(tmp_path / "b.yaml", task="nothing_like_it")
    with pytest.raises(ScenarioError) as caught:
        load_scenarios([first, second], [], None, None)
    places = [(problem.file, problem.line) for problem in caught.value.problems]
    assert places == [(str(first), 10), (str(second), 10)]
    assert "did you mean" in caught.value.problems[0].message


def test_a_task_whose_queue_nobody_consumes_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml", task="digits")
    with pytest.raises(ScenarioError, match="goes to queue 'factorial', which no worker"):
        load_scenarios([path], [], None, None)
    load_scenarios([path], ["workers.add.queues=[add, factorial]"], None, None)


def test_a_missing_app_is_its_own_error(tmp_path: Path) -> None:
    with pytest.raises(AppNotLoaded):
        load_scenarios([write(tmp_path / "a.yaml", app="no_such_module:app")], [], None, None)


def test_every_combination_is_looked_up_and_a_problem_is_said_once(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml", task="ad")
    vary = ["workers.add.concurrency=1", "seed=1,2,3"]
    with pytest.raises(ScenarioError) as caught:
        load_scenarios([path], [], None, None, vary)
    assert len(caught.value.problems) == 1
    (found,) = load_scenarios([write(path)], ["repeats=2"], None, None, vary)
    assert (found.runs, [each.plan.seed for each in found.variants]) == (6, [1, 2, 3])
