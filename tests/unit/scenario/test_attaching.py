"""``--target attach``: which broker is meant, and what becomes of the scenario's own workers."""

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.records import Plan

Load = Callable[..., Plan]

PROCFILE = """\
broker: python -m orchestrator broker --port 6390
add: python -m orchestrator worker add --broker redis://127.0.0.1:6390/0
"""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_workers_of_the_scenario_are_not_started(load_text: Load) -> None:
    plan = load_text(target="attach")
    assert (plan.attach, plan.pools) == (True, ())
    assert (plan.target.broker, plan.target.found_in) == ("app", "the app's configuration")


def test_the_procfile_names_the_broker(load_text: Load) -> None:
    Path("Procfile").write_text(PROCFILE)
    plan = load_text(target="attach")
    assert plan.target.broker == "redis://127.0.0.1:6390/0"
    assert plan.target.found_in == "Procfile"


def test_the_environment_wins_over_the_procfile(load_text: Load) -> None:
    Path("Procfile").write_text(PROCFILE)
    plan = load_text(target="attach", environ={"CELERY_BROKER_URL": "amqp://h//"})
    assert (plan.target.broker, plan.target.found_in) == ("app", "CELERY_BROKER_URL")


def test_a_broker_that_was_named_wins_over_all(load_text: Load) -> None:
    environ = {"CELERY_BROKER_URL": "amqp://h//"}
    plan = load_text(target="attach", broker="redis://there:1/0", environ=environ)
    assert (plan.attach, plan.target.broker) == (True, "redis://there:1/0")
    assert plan.target.found_in == ""


def test_a_procfile_without_a_broker_says_nothing(load_text: Load) -> None:
    Path("Procfile").write_bytes(b"web: \xff\n")
    assert load_text(target="attach").target.broker == "app"


def test_workers_attach_in_the_file(load_text: Load) -> None:
    plan = load_text(workers="attach", broker="redis://there:1/0")
    assert (plan.attach, plan.pools) == (True, ())
