"""Celery's own result backend in the thread of a test, which may well call `delay().get()`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from celery import Celery


@contextmanager
def own_backend(app: "Celery") -> Iterator[None]:
    """While the body lasts, this thread makes a backend from the app's present settings when it
    asks for one; on leaving, its connections are closed and the one before is back.

    Each thread has its own (celery/app/base.py, `backend`), and `apply_target`, which runs in the
    laboratory's, drops only that thread's."""
    local = vars(app._local)
    before = local.pop("backend", None)
    try:
        yield
    finally:
        close_backend(app._backend)
        local.pop("backend", None)
        if before is not None:
            local["backend"] = before


def close_backend(backend: Any) -> None:
    """Close what a Redis backend has open; what is no Redis backend, or never connected, stays.

    A stock result that is deleted later finds no subscription that it would have to end."""
    consumer = getattr(backend, "result_consumer", None)
    pubsub = getattr(consumer, "_pubsub", None)
    if consumer is not None and pubsub is not None:
        pubsub.close()
        consumer._pubsub = None
    if "client" in getattr(backend, "__dict__", {}) and hasattr(backend, "connparams"):
        backend.client.connection_pool.disconnect()
