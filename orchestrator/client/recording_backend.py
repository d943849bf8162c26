"""A result backend whose writes are kept instead of sent.

It is made as a subclass of the app's own backend class, so chord sizes, saved groups, prefixes,
serialisation and expiry are that backend's own.
"""

from typing import Any

from celery import Celery
from celery.app import backends
from celery.backends.base import DisabledBackend
from celery.backends.redis import RedisBackend, SentinelBackend
from celery.backends.rpc import RPCBackend

from orchestrator.client.recording_redis import RecordingRedis
from orchestrator.errors import NotSupported


class RecordingMixin:
    """Sends nothing, subscribes to nothing, waits for nothing."""

    recorder: RecordingRedis
    header_size: int | None = None
    """When set: how many tasks the header of a captured chord stands for."""

    def set_chord_size(self, group_id: str, chord_size: int) -> None:
        size = chord_size if self.header_size is None else self.header_size
        super().set_chord_size(group_id, size)  # type: ignore[misc]

    @property
    def client(self) -> RecordingRedis:
        return self.recorder

    def ensure(self, fun: Any, args: Any, **policy: Any) -> Any:
        return fun(*args)

    def on_task_call(self, producer: Any, task_id: str) -> None:
        """Stock subscribes to the result of every task here; our one pattern has it already."""

    def add_pending_result(
        self, result: Any, weak: bool = False, start_drainer: bool = True
    ) -> Any:
        return result

    def add_pending_results(self, results: Any, weak: bool = False) -> list[Any]:
        return list(results)

    def remove_pending_result(self, result: Any) -> Any:
        return result


class RecordingRpcMixin(RecordingMixin):
    """The rpc backend, which declares a queue for each thread where ours is there already."""

    def ensure_chords_allowed(self) -> None:
        raise NotSupported(NO_CHORDS)


NO_CHORDS = (
    "the canvas has a chord (a group that is followed by a task is one too), and the rpc:// result "
    "backend cannot count its header: set result_backend to a redis:// URL"
)


def real_backend(app: Celery, url: str | None = None, *, rpc: bool = False) -> Any:
    """The app's result backend, or the one that ``url`` names. Raises `NotSupported`.

    ``rpc``: the broker can carry the results of the rpc backend.
    """
    if url is None:
        backend = app.backend
    else:
        backend_class, backend_url = backends.by_url(url, app.loader)
        backend = backend_class(app=app, url=backend_url)
    if isinstance(backend, SentinelBackend):
        raise NotSupported(
            "the asyncio client does not follow Redis Sentinel: set result_backend to the primary"
        )
    if isinstance(backend, RPCBackend):
        if rpc:
            return backend
        raise NotSupported(
            "rpc:// results need RabbitMQ as the broker: set result_backend to a redis:// URL"
        )
    if not isinstance(backend, RedisBackend | DisabledBackend):
        raise NotSupported(
            f"the asyncio client reads results from Redis and Valkey, not from a "
            f"{type(backend).__name__}: set result_backend to a redis:// URL"
        )
    return backend


def recording_backend(real: RedisBackend, recorder: RecordingRedis) -> Any:
    """A backend like ``real`` whose commands go to ``recorder``."""
    real_class = type(real)
    recording_class = type(f"Recording{real_class.__name__}", (RecordingMixin, real_class), {})
    backend = recording_class(app=real.app, url=real.url)
    backend.recorder = recorder
    return backend


def recording_rpc_backend(real: RPCBackend) -> Any:
    """A backend like ``real`` that declares nothing and allows no chord."""
    real_class = type(real)
    recording_class = type(f"Recording{real_class.__name__}", (RecordingRpcMixin, real_class), {})
    return recording_class(app=real.app)
