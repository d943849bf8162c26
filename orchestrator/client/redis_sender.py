"""Sends captured canvases: bindings, then what the backend must know, then the messages, pipelined.

Nothing is ever sent twice: when the connection breaks after messages were written, nobody can know
which of them arrived, and the caller is told so (`PublishUncertain`).
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from typing import Any

import hiredis

from orchestrator.client.backend_writes import write_backend
from orchestrator.client.capture import Captured
from orchestrator.client.recording_broker import RecordingBroker, Routed
from orchestrator.client.redis_link import RedisLink
from orchestrator.client.resp import Command, ConnectionLost, RespConnection
from orchestrator.errors import BrokerUnavailable, PublishUncertain

logger = logging.getLogger(__name__)

PUSH_CHUNK = 500
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
        task_ids = [task.id for canvas in captured for task in canvas.published]
        await write_backend(
            self._backend, [write for canvas in captured for write in canvas.backend]
        )
        commands = [command for canvas in captured for command in canvas.commands]
        if any(isinstance(command, Routed) for command in commands):
            commands = await self._route(commands)
        connection = await self._link.ready()
        declared = self._declare(connection)
        packed = [hiredis.pack_command(command) for command in _grouped(commands)]
        try:
            replies = await connection.send(b"".join(packed), len(packed))
            await declared
        except ConnectionLost as exc:
            if not exc.written:
                raise self._link.unavailable(str(exc)) from exc
            raise self._uncertain(f"the connection broke ({exc})", task_ids) from exc
        self._check(replies, task_ids)

    def _check(self, replies: list[Any], task_ids: Sequence[str]) -> None:
        refusals = [str(reply) for reply in replies if isinstance(reply, hiredis.ReplyError)]
        if not refusals:
            return
        if len(refusals) == len(replies):
            raise BrokerUnavailable(
                f"{self._link.what} at {self._link.address} refused the messages: {refusals[0]}"
            )
        raise self._uncertain(f"the broker refused some of them ({refusals[0]})", task_ids)

    def _uncertain(self, why: str, task_ids: Sequence[str]) -> PublishUncertain:
        return PublishUncertain(
            f"{len(task_ids)} tasks were being sent to {self._link.address} when {why}: some of "
            "them may have reached the broker. They were not sent again, because that could run "
            "them twice.",
            task_ids=task_ids,
        )

    def _declare(self, connection: RespConnection) -> asyncio.Future[list[Any]]:
        """Write the bindings that this connection has not written yet.

        A new connection writes them all again: the server may have been restarted without them.
        """
        declarations = self._broker.record.declarations
        if connection is not self._declared_on:
            self._declared_on, self._declared = connection, 0
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
