"""An open client: its connections, or for an eager app the lack of them."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from functools import partial
from typing import Any, Protocol, Self

from celery import Celery
from celery.backends.base import DisabledBackend
from celery.exceptions import ImproperlyConfigured

from orchestrator.client import patience
from orchestrator.client.address import address_of
from orchestrator.client.background import Background
from orchestrator.client.capture import Captured, Capturer
from orchestrator.client.decoding import ResultDecoder
from orchestrator.client.failures import EmptyCanvas
from orchestrator.client.fast_road import FastRoad, Taken
from orchestrator.client.handle import Handle
from orchestrator.client.ids import IdSource
from orchestrator.client.ignored import ignored_ids
from orchestrator.client.join import Join
from orchestrator.client.outbox import Outbox
from orchestrator.client.parts import Parts as Parts
from orchestrator.client.plain_joins import OnEnd, StreamBlock
from orchestrator.client.produced import feed_of
from orchestrator.client.recording_backend import real_backend
from orchestrator.client.recording_broker import RecordingBroker
from orchestrator.client.redis_link import RedisLink
from orchestrator.client.redis_sender import RedisSender
from orchestrator.client.result_listener import ResultListener
from orchestrator.client.result_tree import result_tree
from orchestrator.client.waiting import OnResult
from orchestrator.errors import ClientClosed, PublishUncertain, UsageError

_MISCONFIGURED = (
    ImproperlyConfigured,
    ImportError,
    LookupError,
    OSError,
    TypeError,
    ValueError,
)
"""What Celery, kombu and ssl raise for URLs and settings that make no sense to them."""

CLOSE_STEP_S = 0.4
"""The most that each of the steps of closing may take, some of them half of it: together under two
seconds."""


class Session(Protocol):
    """What `Client` talks to between `async with` and its end."""

    async def submit_all(
        self, signatures: Sequence[Any], timeout_s: float | None = None
    ) -> list[Handle]: ...

    async def submit_block(
        self, signatures: Sequence[Any], first: int, on_end: OnEnd
    ) -> StreamBlock | None: ...

    def forget(self, join: Any) -> None: ...

    async def close(self) -> None: ...


class ConnectedSession:
    """A broker for messages, a backend (or nothing) for results. Made by `open`."""

    def __init__(self, app: Celery, parts: Parts) -> None:
        self.app = app
        self.backend = parts.backend
        self.results_disabled = isinstance(parts.backend, DisabledBackend)
        self._broker = parts.broker
        self._capturer = parts.capturer
        self._fast = parts.fast
        self._blocks = parts.blocks
        self._sender = parts.sender
        self._listener = parts.listener
        self._links = parts.links
        self._background = Background()
        self._submissions = Background()
        self._outbox = Outbox(parts.sender.send, self._submissions) if parts.joins_submits else None
        self._loop = asyncio.get_running_loop()
        self._thread_id = threading.get_ident()
        self._closed = False

    @classmethod
    def parts(
        cls,
        app: Celery,
        ids: IdSource,
        on_result: OnResult | None,
        broker_url: str | None,
        result_backend: str | None,
    ) -> Parts:
        """Make what the session needs; connects to nothing yet."""
        raise NotImplementedError

    @classmethod
    async def open(
        cls,
        app: Celery,
        ids: IdSource,
        on_result: OnResult | None,
        broker_url: str | None,
        result_backend: str | None,
    ) -> Self:
        """Connect to both sides; when that fails, nothing is left open.

        Raises `BrokerUnavailable`, `NotSupported`, or `UsageError` for URLs and settings that
        Celery itself cannot make sense of.
        """
        with configuration_checked():
            session = cls(app, cls.parts(app, ids, on_result, broker_url, result_backend))
        async with AsyncExitStack() as on_failure:
            on_failure.push_async_callback(session.close)
            await session._ready()
            if (listener := session._listener) is not None:
                session._background.start(listener.keep(), name="orchestrator client: results")
            on_failure.pop_all()
        return session

    def _is_ready(self) -> bool:
        listening = self._listener is None or self._listener.listening
        return listening and not self._closed and all(map(_is_connected, self._links))

    async def _ready(self) -> None:
        if self._is_ready():
            return
        if self._closed:
            raise ClientClosed
        await self._sender.ready()
        if self._listener is not None:
            await self._listener.ready()

    async def submit_all(
        self, signatures: Sequence[Any], timeout_s: float | None = None
    ) -> list[Handle]:
        """Send canvases together. They are waited for before they are sent: no result can be
        missed."""
        patient = patience.Patience(timeout_s, self._links)
        if not self._is_ready():
            await patient.ready(self._ready)
        batch = _Batch()
        try:
            together = self._take_tasks(signatures)
            for taken in together or ():
                self._hold(taken, batch)
            for signature in signatures if together is None else ():
                if (produced := await self._submit_produced(signature, patient)) is not None:
                    batch.handles.append(produced)
                else:
                    self._hold(await self._take(signature), batch)
            await patient.send(self._ready, self._sending(batch), partial(_ids_of, batch.captured))
        except PublishUncertain as error:
            error.handles = tuple(batch.handles)
            raise
        except BaseException:
            for handle in batch.handles:
                handle.forget()
            raise
        return batch.handles

    def _hold(self, taken: Taken, batch: "_Batch") -> None:
        if not batch.captured or batch.captured[-1] is not taken.captured:
            batch.captured.append(taken.captured)
        batch.handles.append(Handle(self, taken.join, taken.result))
        batch.foreign += self._wait_for(taken.join)

    async def _submit_produced(self, signature: Any, patient: patience.Patience) -> Handle | None:
        """Send a group or chord while its members are produced. None when they are all known
        already, or Celery's own code must see all of them: then it goes as any other canvas."""
        feed = None if self._fast is None else feed_of(signature)
        if self._fast is None or feed is None:
            return None
        page = feed.page()
        if feed.ended or (opened := self._fast.open_produced(signature, page[0])) is None:
            return None

        async def send(captured: Sequence[Captured], parts: Sequence[Any]) -> None:
            foreign = [task_id for part in parts for task_id in self._wait_for(part)]
            await patient.send(
                self._ready, partial(self._send, captured, foreign), partial(_ids_of, captured)
            )

        if opened.join.body is not None:
            self._wait_for(opened.join.body)
        produced = self._fast.produced
        join: Any = opened.join
        handle = Handle(self, join, produced.result(opened))
        try:
            await produced.publish(opened, page, feed, send)
        except BaseException:
            handle.forget()
            raise
        return handle

    async def submit_block(
        self, signatures: Sequence[Any], first: int, on_end: OnEnd
    ) -> StreamBlock | None:
        """Send single tasks together, and call ``on_end`` with each one's index (from ``first`` on)
        and its end.

        None, and nothing was sent, when they cannot go by template: then they are for `submit_all`.
        """
        if self._fast is None or self._blocks is None:
            return None
        patient = patience.Patience(None, self._links)
        await patient.ready(self._ready)
        taken = await self._fast.take_many(signatures, first, on_end)
        if taken is None:
            return None
        block: StreamBlock = taken.join
        captured = [taken.captured]
        self._blocks.add_block(block)
        try:
            await patient.send(
                self._ready, partial(self._sender.send, captured), partial(_ids_of, captured)
            )
        except BaseException:
            self.forget(block)
            raise
        return block

    def _sending(self, batch: "_Batch") -> patience.Act:
        """One plain task may go together with those of other callers."""
        if self._outbox is not None and len(batch.captured) == 1 and not batch.foreign:
            [canvas] = batch.captured
            alone = canvas.messages is not None and len(batch.handles) == 1
            if alone and not canvas.commands and not canvas.backend:
                return partial(self._outbox.send, canvas)
        return partial(self._send, batch.captured, batch.foreign)

    async def _send(self, captured: Sequence[Captured], foreign: Sequence[str]) -> None:
        if foreign and self._listener is not None:
            await self._listener.watch(foreign)
        await self._sender.send(captured)

    def _take_tasks(self, signatures: Sequence[Any]) -> list[Taken] | None:
        """All of them at once, where they are single tasks; one alone is `_take`'s."""
        if self._fast is None or len(signatures) < 2:
            return None
        return self._fast.take_tasks(signatures)

    async def _take(self, signature: Any) -> Taken:
        taken = None if self._fast is None else await self._fast.take(signature)
        if taken is not None:
            return taken
        canvas = self._capturer.capture(signature)
        if canvas.result is None:
            raise EmptyCanvas
        tree = result_tree(canvas.result, ignored_ids(self.app, canvas.published))
        return Taken(canvas, Join(tree), canvas.result)

    def _wait_for(self, join: Any) -> list[str]:
        """Deliver to this join from now on; gives the ids that must be watched."""
        if self._listener is None or join.complete:
            return []
        if join.ids is None:
            return self._listener.add(join)
        assert self._blocks is not None
        self._blocks.add_block(join)
        return []

    def forget(self, join: Any) -> None:
        if self._listener is None or self._closed:
            return
        for part in join.parts:
            if part.ids is None:
                self._listener.discard(part)
            elif self._blocks is not None:
                self._blocks.discard_block(part)

    async def revoke(self, task_ids: list[str], *, terminate: bool, signal: str) -> None:
        """Tell all workers to forget these tasks. Raises `BrokerUnavailable`, `ClientClosed`."""
        await patience.Patience(None, self._links).ready(self._ready)
        arguments = {"task_id": task_ids, "terminate": terminate, "signal": signal}
        commands = self._broker.broadcast("revoke", arguments)
        await self._sender.send([Captured(None, commands, [])])

    def forget_soon(self, join: Any) -> None:
        """Forget from wherever a handle is deleted: in any thread, in the middle of anything."""
        if self._closed or self._listener is None:
            return
        if threading.get_ident() == self._thread_id:
            self._loop.call_soon(self.forget, join)
        else:
            with suppress(RuntimeError):  # the loop was closed meanwhile: nothing is waited for
                self._loop.call_soon_threadsafe(self.forget, join)

    async def close(self) -> None:
        """End everything, in under two seconds."""
        self._closed = True
        await self._background.close(within_s=CLOSE_STEP_S)
        if self._listener is not None:
            self._listener.end(ClientClosed())
            await self._listener.close(within_s=CLOSE_STEP_S / 2)
        for link in self._links:
            await link.close(within_s=CLOSE_STEP_S)
        await self._submissions.close(within_s=CLOSE_STEP_S / 2)
        self._broker.close()


class _Batch:
    """Canvases that are sent together: what is to be sent, their handles, the ids that must be
    watched."""

    def __init__(self) -> None:
        self.captured: list[Captured] = []
        self.handles: list[Handle] = []
        self.foreign: list[str] = []


def _is_connected(link: patience.Link) -> bool:
    return link.connection is not None


def _ids_of(captured: Sequence[Captured]) -> list[str]:
    return [task_id for canvas in captured for task_id in canvas.task_ids]


@contextmanager
def configuration_checked() -> Iterator[None]:
    """Raises `UsageError` for what Celery, kombu and ssl cannot make sense of."""
    try:
        yield
    except _MISCONFIGURED as exc:
        # What follows " as " is a piece of the URL, and may be a piece of its password.
        reason = str(exc).partition(" as ")[0]
        raise UsageError(f"broker_url or result_backend cannot be used: {reason}") from exc


class RedisSession(ConnectedSession):
    """Redis for messages, Redis (or nothing) for results."""

    @classmethod
    def parts(
        cls,
        app: Celery,
        ids: IdSource,
        on_result: OnResult | None,
        broker_url: str | None,
        result_backend: str | None,
    ) -> Parts:
        backend = real_backend(app, result_backend)
        broker = RecordingBroker(app, broker_url)
        link = RedisLink(broker.address, "the broker")
        backend_link, listener = redis_results(backend, ids, on_result)
        capturer = Capturer(app, broker, backend, ids)
        return Parts(
            backend=backend,
            broker=broker,
            capturer=capturer,
            sender=RedisSender(broker, link, backend_link),
            listener=listener,
            links=[link] if backend_link is None else [backend_link, link],
            fast=FastRoad(app, capturer, ids),
            blocks=listener,
            joins_submits=True,
        )


def redis_results(
    backend: Any, ids: IdSource, on_result: OnResult | None
) -> tuple[RedisLink | None, ResultListener | None]:
    """The way to the results: a connection to read and write, and one that listens."""
    if isinstance(backend, DisabledBackend):
        return None, None
    address = address_of(backend._get_pool(**backend.connparams))
    link = RedisLink(address, "the result backend")
    decoder = ResultDecoder(backend)
    return link, ResultListener(address, link, backend.task_keyprefix, decoder, ids, on_result)
