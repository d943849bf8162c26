"""Receives the results of the rpc backend: one consumer on one reply queue of our own.

Workers send each result as a message to the queue that the task's ``reply_to`` names. Stock Celery
has a queue for each thread, which dies with the connection that reads it; ours has a name of its
own, so that nobody else takes our results, and outlives a lost connection for `KEEP_S`, so that
results that come meanwhile are there when we are back.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from amqp import spec
from celery import states
from kombu import compression, serialization

from orchestrator.client.amqp_channel import AmqpChannel, AmqpConnectionLost, ChannelClosed
from orchestrator.client.amqp_frames import Content
from orchestrator.client.amqp_link import AmqpLink
from orchestrator.client.amqp_wire import arguments
from orchestrator.client.decoding import task_result
from orchestrator.client.join import Join
from orchestrator.client.pages import Block, Pages
from orchestrator.client.waiting import OnResult, Waiting
from orchestrator.errors import BrokerUnavailable
from orchestrator.records import TaskResult

logger = logging.getLogger(__name__)

KEEP_S = 300
"""How long the broker keeps the reply queue of a client that is not connected (or has crashed)."""

FIRST_BACKOFF_S = 0.05
LONGEST_BACKOFF_S = 2.0


class RpcListener:
    """Delivers what comes into the reply queue. ``queue`` is the queue's name."""

    def __init__(self, link: AmqpLink, backend: Any, on_result: OnResult | None) -> None:
        self.queue = str(uuid4())
        self._link = link
        self._decoder = RpcDecoder(backend)
        self._waiting = Waiting(on_result)
        self._pages = Pages(b"")
        self._keep_s = min(KEEP_S, backend.expires or KEEP_S)
        self._channel: AmqpChannel | None = None
        self._consuming = asyncio.Lock()
        self._lost = asyncio.Event()

    # ---- connection -----------------------------------------------------------------------------

    @property
    def listening(self) -> bool:
        """Whether results that come now are received."""
        return self._channel is not None

    async def ready(self) -> None:
        """Receive: call it before publishing. Raises `BrokerUnavailable`."""
        if self._channel is not None:
            return
        async with self._consuming:
            if self._channel is None:
                self._channel = await self._consume()

    async def keep(self) -> None:
        """Go on receiving for ever: come back when the connection or the queue was lost."""
        while True:
            await self._lost.wait()
            await self._come_back()

    async def _consume(self) -> AmqpChannel:
        connection = await self._link.ready()
        self._lost.clear()
        try:
            channel = await connection.channel()
            await self._declare(channel)
            await channel.consume(self.queue, self._on_delivery, self._on_lost)
        except (ChannelClosed, AmqpConnectionLost) as exc:
            raise self._link.unavailable(f"reply queue: {exc}") from exc
        return channel

    async def _declare(self, channel: AmqpChannel) -> None:
        passive, durable, exclusive, auto_delete, nowait = False, True, False, False, False
        flags = (passive, durable, exclusive, auto_delete, nowait)
        expiry = {"x-expires": int(self._keep_s * 1000)}
        await channel.call(spec.Queue.Declare, arguments("BsbbbbbF", 0, self.queue, *flags, expiry))

    def _on_lost(self) -> None:
        self._channel = None
        self._lost.set()

    async def _come_back(self) -> None:
        backoff_s = FIRST_BACKOFF_S
        while True:
            try:
                await self.ready()
                return
            except BrokerUnavailable as exc:
                logger.warning("results: %s; trying again in %.2f s", exc, backoff_s)
            await asyncio.sleep(backoff_s)
            backoff_s = min(backoff_s * 2, LONGEST_BACKOFF_S)

    async def close(self, *, within_s: float) -> None:
        """Delete the queue: results that still come have nobody who waits for them."""
        channel, self._channel = self._channel, None
        if channel is not None:
            if_unused, if_empty, nowait = False, False, False
            queue = arguments("Bsbbb", 0, self.queue, if_unused, if_empty, nowait)
            try:
                async with asyncio.timeout(within_s):
                    await channel.call(spec.Queue.Delete, queue)
            except (TimeoutError, ChannelClosed, AmqpConnectionLost) as exc:
                logger.debug("the reply queue was left to expire: %s", exc)
        await self._link.close(within_s=within_s)

    # ---- waiting --------------------------------------------------------------------------------

    def add(self, join: Join) -> list[str]:
        """Deliver to this join from now on. No id needs a subscription of its own."""
        self._waiting.add(join)
        return []

    async def watch(self, foreign: Sequence[str]) -> None:
        """Every result comes to the one queue, whatever its id."""

    def discard(self, join: Join) -> None:
        """Deliver no more to this join."""
        self._waiting.discard(join)

    def add_block(self, block: Block) -> None:
        """Deliver to this block from now on. Its ids are of the client's own source."""
        self._pages.add(block)

    def discard_block(self, block: Block) -> None:
        """Deliver no more to this block."""
        self._pages.discard(block)

    def end(self, why: BaseException) -> None:
        """Nothing more will come, for anyone."""
        self._waiting.end(why)
        self._pages.end(why)

    # ---- results --------------------------------------------------------------------------------

    def _on_delivery(self, content: Content) -> None:
        result = self._decoder.decode(content, time.monotonic_ns())
        if result is None:
            return
        found = self._pages.find(result.id.encode())
        if found is None:
            self._waiting.deliver(result)
        else:
            block, place = found
            block.deliver_at(place, result)
            if block.complete:
                self._pages.discard(block)
        self._waiting.report(result)


_decompress: Any = compression.decompress  # kombu is typed only in part
_loads: Any = serialization.loads


class RpcDecoder:
    """Decodes as stock `get()` does: serializer, accepted content, compression, exceptions."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend

    def decode(self, content: Content, seen_ns: int) -> TaskResult | None:
        """The result, or None while the task has not ended (STARTED, RETRY, the user's own states).

        What cannot be decoded is a FAILURE whose error is that of the decoder, as `get()` raises
        it. Raises `MalformedFrame`.
        """
        properties = content.properties()
        task_id = properties.get("correlation_id", "")
        try:
            meta = self._meta(properties, content.body)
            task_id = meta.get("task_id") or task_id
            if meta["status"] not in states.READY_STATES:
                return None
            meta = self._backend.meta_from_decoded(meta)
        except Exception as exc:  # any serializer may raise anything; the waiter must hear of it
            return TaskResult(task_id, states.FAILURE, None, exc, seen_ns)
        return task_result(task_id, meta, seen_ns)

    def _meta(self, properties: dict[str, Any], body: bytes) -> dict[str, Any]:
        headers = properties.get("application_headers") or {}
        if (method := headers.get("compression")) is not None:
            body = _decompress(body, method)
        meta: dict[str, Any] = _loads(
            body,
            properties.get("content_type"),
            properties.get("content_encoding"),
            accept=self._backend.accept,
        )
        return meta
