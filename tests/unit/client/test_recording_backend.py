from typing import Any

import pytest
from celery import Celery
from celery.backends.base import DisabledBackend
from celery.backends.redis import RedisBackend

from orchestrator.client.recording_backend import real_backend, recording_backend
from orchestrator.client.recording_redis import RecordingRedis
from orchestrator.errors import NotSupported


def an_app(backend: str | None, **settings: Any) -> Celery:
    app = Celery("x", backend=backend, set_as_current=False)
    app.conf.update(settings)
    return app


def test_writes_are_the_backends_own() -> None:
    record: list[Any] = []
    options = {"global_keyprefix": "mine", "retry_policy": {}}
    app = an_app("redis://localhost/0", result_backend_transport_options=options)
    app.conf.result_expires = 60
    backend = recording_backend(real_backend(app), RecordingRedis(record.append))
    assert isinstance(backend, RedisBackend)
    backend.set_chord_size("group", 3)
    key = b"mine_celery-taskset-meta-group.s"
    # The first is Celery 5.7, the second 5.6.
    assert ("SET", key, 3, "EX", 60) in record or ("SETEX", key, 60, 3) in record


def test_nothing_is_subscribed_to_and_nothing_waited_for() -> None:
    record: list[Any] = []
    backend = recording_backend(
        real_backend(an_app("redis://localhost/0")), RecordingRedis(record.append)
    )
    result: Any = object()
    backend.on_task_call(None, "id")
    assert backend.add_pending_result(result, weak=True) is result
    assert backend.add_pending_results([result]) == [result]
    assert backend.remove_pending_result(result) is result
    assert record == []


def test_url_wins_over_the_app() -> None:
    app = an_app("redis://one/0")
    assert real_backend(app).connparams["host"] == "one"
    assert real_backend(app, "redis://two/3").connparams["host"] == "two"
    assert app.backend.connparams["host"] == "one"


def test_no_backend_is_a_backend() -> None:
    assert isinstance(real_backend(an_app(None)), DisabledBackend)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("rpc://", "need RabbitMQ"),
        ("cache+memory://", "CacheBackend"),
        ("sentinel://x", "Sentinel"),
    ],
)
def test_other_backends_are_refused(url: str, message: str) -> None:
    with pytest.raises(NotSupported, match=message):
        real_backend(an_app(url))
