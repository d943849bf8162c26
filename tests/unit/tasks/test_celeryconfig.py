"""The settings follow the environment, and every task has a route."""

import runpy

import pytest

from tasks import celeryconfig
from tasks.app import app


@pytest.mark.parametrize(
    ("environment", "broker", "backend"),
    [
        ({}, "redis://localhost:6379/0", "redis://localhost:6379/0"),
        ({"CELERY_BROKER_URL": "redis://h/1"}, "redis://h/1", "redis://h/1"),
        ({"CELERY_BROKER_URL": "redis+socket:///s"}, "redis+socket:///s", "redis+socket:///s"),
        ({"CELERY_BROKER_URL": "pyamqp://"}, "pyamqp://", "rpc://"),
        ({"CELERY_RESULT_BACKEND": "rpc://"}, "redis://localhost:6379/0", "rpc://"),
    ],
)
def test_broker_and_backend(
    environment: dict[str, str], broker: str, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CELERY_BROKER_URL", raising=False)
    monkeypatch.delenv("CELERY_RESULT_BACKEND", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings = runpy.run_path(celeryconfig.__file__)
    assert settings["broker_url"] == broker
    assert settings["result_backend"] == backend


def test_every_task_is_routed() -> None:
    ours = {name for name in app.tasks if not name.startswith("celery.")}
    assert set(app.conf.task_routes) == ours
    assert {route["queue"] for route in app.conf.task_routes.values()} == {
        "add",
        "factorial",
        "mat_mul",
    }


def test_one_backend_for_all_greenlets_and_no_pickle() -> None:
    assert app.conf.result_backend_thread_safe is True
    assert set(app.conf.accept_content) == {"numjson", "json"}
    assert set(app.conf.result_accept_content) == {"numjson", "json"}
