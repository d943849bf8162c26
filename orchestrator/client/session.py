"""An open client: its connections, or for an eager app the lack of them."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any, Protocol, Self

from celery import Celery
from celery.backends.base import DisabledBackend
from celery.result import ResultSet

from orchestrator.client.address import address_of
from orchestrator.client.background import Background
from orchestrator.client.capture import Captured, Capturer
from orchestrator.client.decoding import ResultDecoder
from orchestrator.client.failures import EmptyCanvas
from orchestrator.client.handle import Handle
from orchestrator.client.ids import IdSource
from orchestrator.client.ignored import ignored_ids
from orchestrator.client.join import Join
from orchestrator.client.recording_backend import real_backend
from orchestrator.client.recording_broker import RecordingBroker
from orchestrator.client.redis_link import RedisLink
from orchestrator.client.redis_sender import RedisSender
from orchestrator.client.result_listener import OnResult, ResultListener
from orchestrator.client.result_tree import all_results, result_tree
from orchestrator.errors import ClientClosed
from orchestrator.records import TaskResult

CLOSE_STEP_S = 0.4
"""The most that each of the four steps of closing may take: together under two seconds."""


class Session(Protocol):
    """What `Client` talks to between `async with` and its end."""

    async def submit_all(self, signatures: Sequence[Any]) -> list[Handle]: ...

    async def close(self) -> None: ...


class RedisSession:
    """Redis for messages, Redis (or nothing) for results. Made by `open`."""

    def __init__(self, app: Celery, broker: RecordingBroker, backend: Any) -> None:
        self.app = app
        self.backend = backend
        self.results_disabled = isinstance(backend, DisabledBackend)
        self._broker = broker
        self._background = Background()
        self._link = RedisLink(broker.address, "the broker")
        self._backend_link: RedisLink | None = None
        self._listener: ResultListener | None = None
        self._closed = False

    @classmethod
    async def open(
        cls,
        app: Celery,
        ids: IdSource,
        on_result: OnResult | None,
        broker_url: str | None,
        result_backend: str | None,
    ) -> Self:
        """Connect to both sides. Raises `NotSupported` or `BrokerUnavailable`; leaves nothing open
        then."""
        backend = real_backend(app, result_backend)
        session = cls(app, RecordingBroker(app, broker_url), backend)
        async with AsyncExitStack() as on_failure:
            on_failure.push_async_callback(session.close)
            session._connect_results(ids, on_result)
            session._sender = RedisSender(session._broker, session._link, session._backend_link)
            session._capturer = Capturer(app, session._broker, backend, ids)
            await session._ready()
            if session._listener is not None:
                session._background.start(
                    session._listener.keep(), name="orchestrator client: results"
                )
            on_failure.pop_all()
        return session

    _sender: RedisSender
    _capturer: Capturer

    def _connect_results(self, ids: IdSource, on_result: OnResult | None) -> None:
        if self.results_disabled:
            return
        address = address_of(self.backend._get_pool(**self.backend.connparams))
        self._backend_link = RedisLink(address, "the result backend")
        self._listener = ResultListener(
            address,
            self._backend_link,
            self.backend.task_keyprefix,
            ResultDecoder(self.backend),
            ids,
            on_result,
        )

    async def _ready(self) -> None:
        if self._closed:
            raise ClientClosed
        await self._sender.ready()
        if self._listener is not None:
            await self._listener.ready()

    async def submit_all(self, signatures: Sequence[Any]) -> list[Handle]:
        """Send canvases together. They are waited for before they are sent: no result can be
        missed."""
        await self._ready()
        captured: list[Captured] = []
        handles: list[Handle] = []
        foreign: list[str] = []
        for signature in signatures:
            canvas = self._capturer.capture(signature)
            join = self._join(canvas)
            captured.append(canvas)
            handles.append(Handle(self, join, canvas.result))
            if self._listener is not None and not join.complete:
                foreign += self._listener.add(join)
        try:
            if foreign and self._listener is not None:
                await self._listener.watch(foreign)
            await self._sender.send(captured)
        except BaseException:
            for handle in handles:
                handle.forget()
            raise
        return handles

    def _join(self, canvas: Captured) -> Join:
        if canvas.result is None:
            raise EmptyCanvas
        return Join(result_tree(canvas.result, ignored_ids(self.app, canvas.published)))

    def forget(self, join: Join) -> None:
        if self._listener is not None and not self._closed:
            self._listener.discard(join)

    async def revoke(self, task_ids: list[str], *, terminate: bool, signal: str) -> None:
        """Tell all workers to forget these tasks. Raises `BrokerUnavailable`, `ClientClosed`."""
        await self._ready()
        arguments = {"task_id": task_ids, "terminate": terminate, "signal": signal}
        commands = self._broker.broadcast("revoke", arguments)
        await self._sender.send([Captured(None, commands, [])])

    async def close(self) -> None:
        """End everything, in under two seconds."""
        self._closed = True
        await self._background.close(within_s=CLOSE_STEP_S)
        if self._listener is not None:
            self._listener.end(ClientClosed())
            await self._listener.close(within_s=CLOSE_STEP_S / 2)
        if self._backend_link is not None:
            await self._backend_link.close(within_s=CLOSE_STEP_S)
        await self._link.close(within_s=CLOSE_STEP_S)
        self._broker.close()


class EagerSession:
    """For `task_always_eager`: tasks run when they are submitted, here, as in stock Celery."""

    results_disabled = False

    def __init__(self, app: Celery) -> None:
        self.app = app
        self.backend = None

    async def submit_all(self, signatures: Sequence[Any]) -> list[Handle]:
        return [self._run(signature) for signature in signatures]

    def _run(self, signature: Any) -> Handle:
        result = signature.apply_async()
        if result is None:
            raise EmptyCanvas
        join = Join(result_tree(result))
        for node in all_results(result):
            if not isinstance(node, ResultSet):
                join.deliver(_eager_result(node))
        return Handle(self, join, result)

    def forget(self, join: Join) -> None:
        """Nothing is waited for."""

    async def revoke(self, task_ids: list[str], *, terminate: bool, signal: str) -> None:
        """Every task has ended already."""

    async def close(self) -> None:
        """Nothing is open."""


def _eager_result(node: Any) -> TaskResult:
    value = node.result
    if isinstance(value, BaseException) and node.failed():
        return TaskResult(node.id, node.state, None, value, 0, node.traceback)
    return TaskResult(node.id, node.state, value, None, 0)
