import json
import os

import pytest

from orchestrator.environment import variables
from orchestrator.environment.worker_environ import (
    brief_environ,
    target_environ,
    worker_environ,
)
from orchestrator.records import BrokerInfo, TargetPlan

BROKER = BrokerInfo("redis", "7.0", None, "redis://:pw@h/0", "redis://:pw@h/1")


def test_the_target_wins_over_every_way_to_name_a_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    base = {"PATH": "/bin", "CELERY_BROKER_READ_URL": "redis://elsewhere"}
    environ = worker_environ(TargetPlan(), BROKER, base=base)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    from celery import Celery

    app = Celery("any", broker="redis://own", backend="redis://own", set_as_current=False)
    app.conf.update(broker_read_url="redis://read", broker_write_url="redis://write")
    assert app.conf.broker_url == BROKER.url
    assert app.conf.broker_read_url == app.conf.broker_write_url == BROKER.url
    assert app.conf.result_backend == BROKER.results_url
    assert environ["PATH"] == "/bin"


def test_the_apps_own_broker_addresses_are_left_alone() -> None:
    environ = worker_environ(TargetPlan(broker="app"), BROKER, base={})
    assert not [name for name in environ if name.startswith("CELERY_BROKER")]
    assert environ["CELERY_RESULT_BACKEND"] == BROKER.results_url


def test_settings_and_our_own_pid_go_along() -> None:
    settings = {"task_acks_late": True, "broker_transport_options": {"visibility_timeout": 3}}
    environ = worker_environ(TargetPlan(settings=settings), BROKER, base={})
    assert json.loads(environ[variables.SETTINGS]) == settings
    assert environ[variables.PARENT] == str(os.getpid())


def test_settings_of_a_run_around_us_do_not_leak_in() -> None:
    environ = worker_environ(TargetPlan(), BROKER, base={variables.SETTINGS: '{"a": 1}'})
    assert json.loads(environ[variables.SETTINGS]) == {}


def test_the_addresses_alone_win_too() -> None:
    """What the foreground worker adds to its environment."""
    whole = worker_environ(TargetPlan(), BROKER, base={})
    addresses = target_environ(BROKER.url, BROKER.results_url)
    assert addresses.items() <= whole.items()
    assert {name for name in whole if name.startswith("CELERY_")} == set(addresses)


def test_a_brief_log_has_no_times() -> None:
    environ = brief_environ()
    formats = json.loads(environ[variables.SETTINGS])
    assert len(formats) == 2
    assert not [text for text in formats.values() if "asctime" in text]
    assert environ[variables.BRIEF]
