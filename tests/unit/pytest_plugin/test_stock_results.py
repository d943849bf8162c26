from types import SimpleNamespace
from typing import Any

import pytest

from orchestrator.pytest_plugin.stock_results import close_backend, own_backend
from tests.unit.client.recording_app import recording_app


class Closable:
    def __init__(self) -> None:
        self.closed = 0

    def close(self) -> None:
        self.closed += 1

    disconnect = close


def connected() -> tuple[Any, Closable, Closable]:
    """What the plugin knows of a stock Redis backend that was used."""
    pubsub, pool = Closable(), Closable()
    backend = SimpleNamespace(
        connparams={},
        client=SimpleNamespace(connection_pool=pool),
        result_consumer=SimpleNamespace(_pubsub=pubsub),
        thread_safe=False,
    )
    return backend, pubsub, pool


def test_a_test_has_a_backend_of_its_own_which_is_closed() -> None:
    app = recording_app()
    before = app.backend
    with own_backend(app):
        assert app.backend is not before
        made, pubsub, pool = connected()
        app._local.backend = made
    assert (pubsub.closed, pool.closed, made.result_consumer._pubsub) == (1, 1, None)
    assert app.backend is before


def test_where_there_was_none_there_is_none_and_an_error_changes_nothing() -> None:
    app = recording_app()
    made, pubsub, _ = connected()
    with pytest.raises(KeyError), own_backend(app):
        app._local.backend = made
        raise KeyError
    assert pubsub.closed == 1
    assert "backend" not in vars(app._local)


@pytest.mark.parametrize("backend", [None, recording_app(result_backend="disabled://").backend])
def test_what_is_not_connected_is_left_alone(backend: Any) -> None:
    close_backend(backend)


def test_a_redis_backend_that_nobody_used_makes_no_connection() -> None:
    backend = recording_app().backend
    close_backend(backend)
    assert "client" not in vars(backend)
