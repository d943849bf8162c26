"""Receives the results: one connection, one pattern, no polling.

The pattern covers every id of the client's own source. A task id from elsewhere (chosen by the
user, or frozen before) gets a SUBSCRIBE of its own, which is undone when its result came or nobody
waits any more.
"""

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence
from typing import Any

import hiredis

from orchestrator.client.address import RedisAddress
from orchestrator.client.decoding import UNUSUAL, ResultDecoder
from orchestrator.client.ids import IdSource
from orchestrator.client.join import Join
from orchestrator.client.pages import Block, Pages
from orchestrator.client.redis_link import RedisLink
from orchestrator.client.resp import Command, ConnectionLost, ReplyRefused, RespConnection
from orchestrator.client.waiting import OnResult, Waiting
from orchestrator.errors import BrokerUnavailable

logger = logging.getLogger(__name__)

READ_CHUNK = 500
"""Keys per MGET and channels per SUBSCRIBE."""

PING_INTERVAL_S = 25.0
PING_TIMEOUT_S = 10.0
FIRST_BACKOFF_S = 0.05
LONGEST_BACKOFF_S = 2.0


class ResultListener:
    """Delivers results to the joins that wait for them, and own ones to ``on_result``."""

    def __init__(
        self,
        address: RedisAddress,
        reader: RedisLink,
        key_prefix: bytes,
        decoder: ResultDecoder,
        ids: IdSource,
        on_result: OnResult | None,
    ) -> None:
        self._link = RedisLink(address, "the result backend", on_push=self._on_push)
        self._reader = reader
        self._key_prefix = key_prefix
        self._decoder = decoder
        self._ids = ids
        self._waits = Waiting(on_result)
        self._pages = Pages(key_prefix)
        self._subscribed: RespConnection | None = None
        self._missed_some = False
        """Nobody listened for a while, and what was stored meanwhile has not been read yet."""
        self._subscribing = asyncio.Lock()

    # ---- connection -----------------------------------------------------------------------------

    @property
    def listening(self) -> bool:
        """Whether results that come now are received."""
        return self._subscribed is not None and not self._subscribed.closed.is_set()

    async def ready(self) -> None:
        """Be subscribed: call it before publishing. Raises `BrokerUnavailable`."""
        if self.listening:
            return
        connection = await self._link.ready()
        async with self._subscribing:
            if connection is self._subscribed:
                return
            await self._subscribe_all(connection)
            self._missed_some = self._subscribed is not None
            self._subscribed = connection

    async def keep(self) -> None:
        """Stay subscribed for ever: notice a dead connection, come back, read what was missed."""
        while True:
            connection = self._subscribed
            if connection is not None and not connection.closed.is_set():
                await self._watch(connection)
            await self._come_back()

    async def _watch(self, connection: RespConnection) -> None:
        """Return when the connection is dead, or does not answer a PING."""
        while not connection.closed.is_set():
            try:
                async with asyncio.timeout(PING_INTERVAL_S):
                    await connection.closed.wait()
            except TimeoutError:
                await self._ping(connection)

    async def _ping(self, connection: RespConnection) -> None:
        try:
            async with asyncio.timeout(PING_TIMEOUT_S):
                await connection.execute("PING")
        except TimeoutError:
            connection.abort("no answer to PING")
        except ConnectionLost:
            return
        except ReplyRefused:
            return  # any answer shows that it is alive, also to a user who may not send PING

    async def _come_back(self) -> None:
        backoff_s = FIRST_BACKOFF_S
        while True:
            try:
                await self.ready()
                await self._catch_up()
                return
            except (BrokerUnavailable, ConnectionLost) as exc:
                logger.warning("results: %s; trying again in %.2f s", exc, backoff_s)
            await asyncio.sleep(backoff_s)
            backoff_s = min(backoff_s * 2, LONGEST_BACKOFF_S)

    async def _catch_up(self) -> None:
        """Read what came while nobody listened.

        Here and not in `ready`, which those who publish call, too: they may be cancelled halfway.
        """
        while self._missed_some:
            self._missed_some = False
            try:
                await self._read([*self._waiting, *self._pages.outstanding()])
            except BaseException:
                self._missed_some = True
                raise

    async def _subscribe_all(self, connection: RespConnection) -> None:
        pattern = _escaped(self._key_prefix + self._ids.prefix.encode()) + b"*"
        commands: list[Command] = [("PSUBSCRIBE", pattern)]
        foreign = [id for id in self._waiting if not self._ids.owns(id)]
        await self._subscribe(connection, commands, foreign)

    async def _subscribe(
        self, connection: RespConnection, commands: list[Command], foreign: Sequence[str]
    ) -> None:
        commands += [("SUBSCRIBE", *map(self._key, chunk)) for chunk in _chunks(foreign)]
        packed = [hiredis.pack_command(command) for command in commands]
        channels = sum(len(command) - 1 for command in commands)
        try:
            replies = await connection.send(b"".join(packed), channels)
        except ConnectionLost as exc:
            raise self._link.unavailable(str(exc)) from exc
        for reply in replies:
            if isinstance(reply, hiredis.ReplyError):
                raise self._link.unavailable(str(reply))

    async def close(self, *, within_s: float) -> None:
        connection, self._subscribed = self._subscribed, None
        if connection is not None and not connection.closed.is_set():
            try:
                async with asyncio.timeout(within_s):
                    await connection.send_commands([("PUNSUBSCRIBE",), ("UNSUBSCRIBE",)])
            except (TimeoutError, ConnectionLost):
                logger.debug("the result connection was gone at the end")
        await self._link.close(within_s=within_s)

    # ---- waiting --------------------------------------------------------------------------------

    def add(self, join: Join) -> list[str]:
        """Deliver to this join from now on; gives the ids that `watch` must be called with."""
        return [task_id for task_id in self._waits.add(join) if not self._ids.owns(task_id)]

    async def watch(self, foreign: Sequence[str]) -> None:
        """Subscribe to ids that are not ours, then read what may be there already."""
        assert self._subscribed is not None
        await self._subscribe(self._subscribed, [], foreign)
        await self._read(foreign)

    def discard(self, join: Join) -> None:
        """Deliver no more to this join."""
        self._unsubscribe(self._waits.discard(join))

    def add_block(self, block: Block) -> None:
        """Deliver to this block from now on. Its ids are of the client's own source."""
        self._pages.add(block)

    def discard_block(self, block: Block) -> None:
        """Deliver no more to this block."""
        self._pages.discard(block)

    def end(self, why: BaseException) -> None:
        """Nothing more will come, for anyone."""
        self._waits.end(why)
        self._pages.end(why)

    @property
    def _waiting(self) -> dict[str, Join | list[Join]]:
        return self._waits.joins

    def _unsubscribe(self, task_ids: Iterable[str]) -> None:
        foreign = [id for id in task_ids if not self._ids.owns(id)]
        connection = self._subscribed
        if not foreign or connection is None or connection.closed.is_set():
            return
        command: Command = ("UNSUBSCRIBE", *map(self._key, foreign))
        connection.send(hiredis.pack_command(command), len(foreign)).add_done_callback(_retrieved)

    # ---- results --------------------------------------------------------------------------------

    def _on_push(self, push: list[Any]) -> None:
        channel, payload = push[-2], push[-1]
        if (found := self._pages.find(channel)) is not None:
            self._receive_in_block(*found, payload)
        elif channel.startswith(self._key_prefix):
            self._receive(channel[len(self._key_prefix) :].decode(), payload)

    def _receive_in_block(self, block: Block, place: int, payload: bytes) -> None:
        value = UNUSUAL if self._waits.reports else self._decoder.value(payload)
        if value is not UNUSUAL:
            block.succeed(place, value)
        elif place < len(block.ids):
            task_id = block.ids[place]
            result = self._decoder.decode(task_id, payload, time.monotonic_ns())
            if result is None:
                return
            block.deliver_at(place, result)
            self._waits.report(result)
        if block.complete:
            self._pages.discard(block)

    def _receive(self, task_id: str, payload: bytes) -> None:
        seen_ns = time.monotonic_ns()
        waited_for = task_id in self._waiting
        report = self._waits.reports and self._ids.owns(task_id)
        if not waited_for and not report:
            return
        result = self._decoder.decode(task_id, payload, seen_ns)
        if result is None:
            return
        if waited_for:
            self._unsubscribe(self._waits.deliver(result))
        if report:
            self._waits.report(result)

    async def _read(self, task_ids: Sequence[str]) -> None:
        """Read what is stored for these ids: what came while nobody listened."""
        reader = await self._reader.ready()
        for chunk in _chunks(task_ids):
            try:
                payloads = (await reader.send_commands([("MGET", *map(self._key, chunk))]))[0]
            except ConnectionLost as exc:
                raise self._reader.unavailable(str(exc)) from exc
            if isinstance(payloads, hiredis.ReplyError):
                raise self._reader.unavailable(str(payloads))
            for task_id, payload in zip(chunk, payloads, strict=True):
                if payload is not None:
                    self._on_push([self._key(task_id), payload])

    def _key(self, task_id: str) -> bytes:
        return self._key_prefix + task_id.encode()


def _chunks(items: Sequence[str]) -> Iterable[Sequence[str]]:
    return (items[at : at + READ_CHUNK] for at in range(0, len(items), READ_CHUNK))


def _escaped(text: bytes) -> bytes:
    """For a Redis pattern: the characters that mean something in one are meant as such."""
    return b"".join(b"\\" + bytes((c,)) if c in b"\\*?[]" else bytes((c,)) for c in text)


def _retrieved(future: asyncio.Future[Any]) -> None:
    """A lost connection is noticed by its keeper; this reply has no reader of its own."""
    if not future.cancelled():
        future.exception()
