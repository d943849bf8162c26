"""Sends captured canvases: bindings, then what the backend must know, then the messages, pipelined.

Nothing is ever sent twice: when the connection breaks after messages were written, nobody can know
which of them arrived, and the caller is told so (`PublishUncertain`).
"""

import asyncio
import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import hiredis

from orchestrator.client.backend_writes import write_backend
from orchestrator.client.capture import Captured
from orchestrator.client.messages import CHUNK, Push
from orchestrator.client.recording_broker import RecordingBroker, Routed
from orchestrator.client.redis_link import RedisLink
from orchestrator.client.resp import Command, ConnectionLost, RespConnection, pack_push
from orchestrator.errors import BrokerUnavailable, PublishUncertain

logger = logging.getLogger(__name__)

PUSH_CHUNK = CHUNK
"""Messages per LPUSH. One command is carried out in one go: other clients wait for it."""


class RedisSender:
    """``backend`` is None when the app has no result backend."""

    def __init__(self, broker: RecordingBroker, link: RedisLink, backend: RedisLink | None) -> None:
        self._broker = broker
        self._link = link
        self._backend = backend
        self._declared = 0
        self._declared_on: RespConnection | None = None

    async def ready(self) -> None:
        """Have live connections. Raises `BrokerUnavailable`; nothing has been sent then."""
        await self._link.ready()
        if self._backend is not None:
            await self._backend.ready()

    async def send(self, captured: Sequence[Captured]) -> None:
        """Send; returns when the broker has confirmed every message.

        Raises `BrokerUnavailable` (nothing was sent), `PublishUncertain` (some may have been) or
        `Unroutable` (nothing was sent).
        """
        await write_backend(
            self._backend, [write for canvas in captured for write in canvas.backend]
        )
        commands = [command for canvas in captured for command in canvas.commands]
        if any(isinstance(command, Routed) for command in commands):
            commands = await self._route(commands)
        connection = await self._link.ready()
        declared = self._declare(connection)
        sent: list[asyncio.Future[list[Any]]] = []
        try:
            await _send_all(connection, _packed(commands, captured), sent)
            replies = [reply for future in sent for reply in await future]
            if declared is not None:
                await declared
        except ConnectionLost as exc:
            if True not in set(map(_is_written, sent)):  # of all, so that all are retrieved
                raise self._link.unavailable(str(exc)) from exc
            raise self._uncertain(f"the connection broke ({exc})", _task_ids(captured)) from exc
        finally:
            for future in sent:
                future.cancel()
        self._check(replies, captured)

    def _check(self, replies: list[Any], captured: Sequence[Captured]) -> None:
        refusals = [str(reply) for reply in replies if isinstance(reply, hiredis.ReplyError)]
        if not refusals:
            return
        if len(refusals) == len(replies):
            raise BrokerUnavailable(
                f"{self._link.what} at {self._link.address} refused the messages: {refusals[0]}"
            )
        raise self._uncertain(
            f"the broker refused some of them ({refusals[0]})", _task_ids(captured)
        )

    def _uncertain(self, why: str, task_ids: Sequence[str]) -> PublishUncertain:
        return PublishUncertain(
            f"{len(task_ids)} tasks were being sent to {self._link.address} when {why}: some of "
            "them may have reached the broker. They were not sent again, because that could run "
            "them twice.",
            task_ids=task_ids,
        )

    def _declare(self, connection: RespConnection) -> asyncio.Future[list[Any]] | None:
        """Write the bindings that this connection has not written yet; None when there are none.

        A new connection writes them all again: the server may have been restarted without them.
        """
        declarations = self._broker.record.declarations
        if connection is not self._declared_on:
            self._declared_on, self._declared = connection, 0
        if self._declared == len(declarations):
            return None
        fresh = declarations[self._declared :]
        self._declared = len(declarations)
        future = connection.send_commands(fresh)
        future.add_done_callback(_log_refusals)
        return future

    async def _route(self, commands: Sequence[Command | Routed]) -> list[Command | Routed]:
        """Replace messages for direct and topic exchanges by pushes to the queues bound to them."""
        tables = await self._tables({c.exchange for c in commands if isinstance(c, Routed)})
        routed: list[Command | Routed] = []
        for command in commands:
            if isinstance(command, Routed):
                routed.extend(self._broker.deliver(command, tables[command.exchange]))
            else:
                routed.append(command)
        return routed

    async def _tables(self, exchanges: Iterable[str]) -> dict[str, list[tuple[str, ...]]]:
        names = sorted(exchanges)
        connection = await self._link.ready()
        self._declare(connection)
        commands = [("SMEMBERS", self._broker.channel.binding_key(name)) for name in names]
        try:
            replies = await connection.send_commands(commands)
        except ConnectionLost as exc:
            raise self._link.unavailable(str(exc)) from exc
        tables = {}
        for name, members in zip(names, replies, strict=True):
            if isinstance(members, hiredis.ReplyError):
                raise self._link.unavailable(str(members))
            tables[name] = self._broker.read_table(members)
        return tables


async def _send_all(
    connection: RespConnection,
    packed: Iterable[tuple[bytes, int]],
    sent: list[asyncio.Future[list[Any]]],
) -> None:
    """Send piece by piece, each while the next is being made; not faster than the server reads."""
    for data, replies in packed:
        if sent:
            await connection.flush()
        sent.append(connection.send(data, replies))


def _packed(commands: Iterable[Any], captured: Sequence[Captured]) -> Iterator[tuple[bytes, int]]:
    """What is to be written, in pieces, each with the number of its replies."""
    pieces = [_pack(command) for command in _grouped(commands)]
    size = 0
    for key, messages in _merged(captured):
        pieces.append(pack_push(key, messages))
        size += len(messages)
        if size >= PUSH_CHUNK:
            yield b"".join(pieces), len(pieces)
            pieces, size = [], 0
    if pieces:
        yield b"".join(pieces), len(pieces)


def _merged(captured: Sequence[Captured]) -> Iterator[Push]:
    """The messages made by template; those of several canvases for one list as one push."""
    waiting: Push | None = None
    for canvas in captured:
        for key, messages in canvas.messages.pushes() if canvas.messages is not None else ():
            if waiting is None:
                waiting = key, messages
            elif waiting[0] == key and len(waiting[1]) + len(messages) <= PUSH_CHUNK:
                waiting[1].extend(messages)
            else:
                yield waiting
                waiting = key, messages
    if waiting is not None:
        yield waiting


def _pack(command: Command) -> bytes:
    packed: bytes = hiredis.pack_command(command)
    return packed


def _is_written(future: asyncio.Future[list[Any]]) -> bool:
    """True when what it waits for may have reached the server."""
    if not future.done() or future.cancelled():
        return True
    error = future.exception()
    return not isinstance(error, ConnectionLost) or error.written


def _task_ids(captured: Iterable[Captured]) -> list[str]:
    return [task_id for canvas in captured for task_id in canvas.task_ids]


def _grouped(commands: Iterable[Any]) -> Iterable[Command]:
    """Pushes to one list become LPUSHes with many values, in order; the rest comes after them.

    What else there is follows its message in stock too: PUBLISH of an event, PEXPIRE of a queue
    (which is needed once, not once per message).
    """
    pushes: dict[Any, list[Any]] = {}
    expiries: dict[Command, None] = {}
    others: list[Command] = []
    for command in commands:
        if command[0] == "LPUSH":
            pushes.setdefault(command[1], []).extend(command[2:])
        elif command[0] == "PEXPIRE":
            expiries[command] = None
        else:
            others.append(command)
    for key, payloads in pushes.items():
        for at in range(0, len(payloads), PUSH_CHUNK):
            yield ("LPUSH", key, *payloads[at : at + PUSH_CHUNK])
    yield from expiries
    yield from others


def _log_refusals(future: asyncio.Future[list[Any]]) -> None:
    """A lost connection is reported through the messages that follow; a refused binding costs a
    warning: messages for the default exchange reach their queue without it."""
    if future.cancelled() or future.exception() is not None:
        return
    for reply in future.result():
        if isinstance(reply, hiredis.ReplyError):
            logger.warning("the broker refused to keep a queue's binding: %s", reply)
