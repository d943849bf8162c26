"""What a laboratory decides before anything starts; what it starts is in tests/acceptance."""

from pathlib import Path
from typing import cast

import pytest
from anyio.from_thread import BlockingPortal

from orchestrator.errors import ScenarioError, UsageError
from orchestrator.pytest_plugin.broker import LabBroker, Place
from orchestrator.pytest_plugin.config import LabConfig
from orchestrator.pytest_plugin.lab import CeleryLab, Unheard, _sets, open_lab
from tasks.app import app

TEXT = """\
version: 1
name: small
app: tasks.app:app
target: {settings: {task_acks_late: true}}
workers:
  add: {queues: [add], pool: solo, env: {A: file}}
workloads:
  w: {executor: shared-iterations, canvas: {task: add, args: [1, 2]}}
"""

PRIVATE = "redis://:pw@127.0.0.1:1/0"


def lab(path: Path, url: str = PRIVATE, *, private: bool = True) -> CeleryLab:
    broker = LabBroker(cast("BlockingPortal", None), url, private)
    config = LabConfig(settings={"task_acks_late": False, "task_track_started": True})
    with open_lab(broker, config, out=path, beside=(path / "tests", path), properties=[]) as made:
        return made


def test_overrides_are_what_the_command_line_takes() -> None:
    assert _sets(["seed=3"]) == ["seed=3"]
    assert _sets({"seed": 3, "workloads.sums.rate": "50/s", "a.b": ["p(95)<1ms"]}) == [
        "seed=3",
        'workloads.sums.rate="50/s"',
        'a.b=["p(95)<1ms"]',
    ]
    assert _sets({"description": "costs ${MUCH}"}) == ['description="costs $${MUCH}"']


def test_a_file_is_looked_for_beside_the_test_and_then_in_the_root(tmp_path: Path) -> None:
    made = lab(tmp_path)
    (tmp_path / "a.yaml").write_text(TEXT)
    assert made._load("a.yaml", [], None).path == tmp_path / "a.yaml"
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "a.yaml").write_text(TEXT)
    assert made._load("a.yaml", [], None).path == tmp_path / "tests" / "a.yaml"
    assert made._load(tmp_path / "a.yaml", ["seed=9"], None).plan.seed == 9
    with pytest.raises(ScenarioError, match="no_such"):
        made._load("no_such.yaml", [], None)


def test_a_test_makes_one_run(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(TEXT)
    with pytest.raises(UsageError, match="means 2 runs, and a test makes one"):
        lab(tmp_path)._load("a.yaml", ["repeats=2"], None)


def test_the_embedded_broker_of_a_file_is_the_sessions(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(TEXT)
    made = lab(tmp_path)
    place = Place("redis://:pw@127.0.0.1:1/5")
    plan = made._placed(made._load("a.yaml", [], None).plan, app, place)
    assert plan.target.broker == place.url
    assert plan.target.settings == {
        "task_always_eager": False,
        "task_acks_late": True,  # the file knows better than the suite
        "task_track_started": True,
    }
    assert plan.pools[0].env["A"] == "file"
    assert plan.pools[0].env["PYTHONPATH"]


@pytest.mark.parametrize("broker", ["rabbitmq", "redis://elsewhere:6379/0"])
def test_any_other_broker_is_what_the_file_or_the_test_says(tmp_path: Path, broker: str) -> None:
    (tmp_path / "a.yaml").write_text(TEXT)
    made = lab(tmp_path)
    plan = made._load("a.yaml", [], broker).plan
    assert made._placed(plan, app, Place(PRIVATE)).target.broker == broker


def test_a_broker_of_somebody_else_is_used_with_keys_of_our_own(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(TEXT)
    url = "redis://127.0.0.1:6379/4"
    made = lab(tmp_path, url, private=False)
    scenario = made._load("a.yaml", [], None)
    assert scenario.plan.target.broker == url
    target = made._placed(scenario.plan, app, Place(url, "ours:")).target
    assert target.broker == url
    assert target.settings["broker_transport_options"] == {"global_keyprefix": "ours:"}


def test_the_progress_goes_nowhere(capsys: pytest.CaptureFixture[str]) -> None:
    unheard = Unheard()
    unheard.phase("starting")
    assert unheard.refresh_s is None
    assert capsys.readouterr() == ("", "")
