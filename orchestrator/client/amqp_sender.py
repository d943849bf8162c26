"""Sends captured canvases to RabbitMQ: what the backend must know, declarations, messages.

Every message is confirmed by the broker, many at a time. Nothing is ever sent twice: when the
connection breaks before all are confirmed, nobody can know which of the others arrived, and the
caller is told so (`PublishUncertain`).
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence

from amqp import spec

from orchestrator.client.amqp_channel import (
    NOT_FOUND,
    AmqpChannel,
    AmqpConnectionLost,
    AmqpMessage,
    ChannelClosed,
)
from orchestrator.client.amqp_confirms import Batch
from orchestrator.client.amqp_connection import AmqpConnection
from orchestrator.client.amqp_failures import DeclarationRefused, UnroutableTasks
from orchestrator.client.amqp_link import AmqpLink
from orchestrator.client.amqp_recording import Declaration, RecordingAmqpBroker
from orchestrator.client.backend_writes import write_backend
from orchestrator.client.capture import Captured
from orchestrator.client.redis_link import RedisLink
from orchestrator.errors import PublishUncertain

logger = logging.getLogger(__name__)


class AmqpSender:
    """``backend`` is None when results are not in Redis."""

    def __init__(
        self, broker: RecordingAmqpBroker, link: AmqpLink, backend: RedisLink | None
    ) -> None:
        self._broker = broker
        self._link = link
        self._backend = backend
        self._connection: AmqpConnection | None = None
        self._publishing: AmqpChannel | None = None
        self._known: dict[Declaration, None] = {}
        """What the broker has declared for us: a new connection declares it again."""
        self._preparing = asyncio.Lock()

    async def ready(self) -> None:
        """Have live connections. Raises `BrokerUnavailable`; nothing has been sent then."""
        await self._link.ready()
        if self._backend is not None:
            await self._backend.ready()

    async def send(self, captured: Sequence[Captured]) -> None:
        """Send; returns when the broker has confirmed every message.

        Raises `BrokerUnavailable` or `DeclarationRefused` (nothing was sent), `PublishUncertain`
        (some may have been) or `UnroutableTasks` (these were not kept).
        """
        commands = [command for canvas in captured for command in canvas.commands]
        messages = [command for command in commands if isinstance(command, AmqpMessage)]
        declarations = [command for command in commands if isinstance(command, Declaration)]
        await write_backend(
            self._backend, [write for canvas in captured for write in canvas.backend]
        )
        try:
            channel = await self._prepared(declarations)
            batch = channel.publish(messages)
        except (AmqpConnectionLost, ChannelClosed) as exc:
            raise self._link.unavailable(str(exc)) from exc
        await self._confirmed(channel, batch, messages)
        self._check(batch)

    async def _confirmed(
        self, channel: AmqpChannel, batch: Batch, messages: Sequence[AmqpMessage]
    ) -> None:
        limits = [m.confirm_timeout_s for m in messages if m.confirm_timeout_s is not None]
        limit_s = min(limits, default=None)
        try:
            async with asyncio.timeout(limit_s):
                await batch.settled
        except AmqpConnectionLost as exc:
            raise self._uncertain(batch.unanswered, f"the connection broke ({exc})") from exc
        except ChannelClosed as exc:
            raise self._refused(batch, messages, exc) from exc
        except TimeoutError as exc:
            channel.give_up(batch)
            why = f"the broker had not confirmed them within {limit_s:g} s"
            raise self._uncertain(batch.unanswered, why) from exc

    # ---- declarations ---------------------------------------------------------------------------

    async def _prepared(self, declarations: Iterable[Declaration]) -> AmqpChannel:
        """A channel to publish on, when everything is declared and the broker takes messages."""
        async with self._preparing:
            connection = await self._link.ready()
            if connection is not self._connection:
                await self._declare_again(connection)
                self._connection, self._publishing = connection, None
            await self._declare_new(connection, declarations)
            await connection.writable()
            if self._publishing is None or self._publishing.closed is not None:
                self._publishing = await connection.channel()
                await self._publishing.confirm()
            return self._publishing

    async def _declare_new(
        self, connection: AmqpConnection, declarations: Iterable[Declaration]
    ) -> None:
        fresh = [each for each in dict.fromkeys(declarations) if each not in self._known]
        done, refusal = await self._declare(connection, fresh)
        self._known.update(dict.fromkeys(fresh[:done]))
        if refusal is not None:
            self._broker.declare_again()
            raise DeclarationRefused(
                f"{self._link.what} at {connection.address} refused to declare the "
                f"{fresh[done].what}: {refusal}. Nothing was sent."
            ) from refusal

    async def _declare_again(self, connection: AmqpConnection) -> None:
        """On a new connection: the broker may have been restarted without what is not durable."""
        items = list(self._known)
        while items:
            done, refusal = await self._declare(connection, items)
            if refusal is None:
                return
            logger.warning(
                "%s refused the %s again: %s", connection.address, items[done].what, refusal
            )
            del self._known[items[done]]
            self._broker.declare_again()
            items = items[done + 1 :]

    async def _declare(
        self, connection: AmqpConnection, items: Sequence[Declaration]
    ) -> tuple[int, ChannelClosed | None]:
        """Declare all in one go; gives how many were, and why the next one was not.

        A channel of its own, because a refusal closes it.
        """
        if not items:
            return 0, None
        channel = await connection.channel()
        answers = [channel.call(each.signature, each.arguments) for each in items]
        for done, answer in enumerate(answers):
            try:
                await answer
            except ChannelClosed as exc:
                return done, exc
        await channel.close()
        return len(items), None

    # ---- what became of it ----------------------------------------------------------------------

    def _check(self, batch: Batch) -> None:
        if batch.refused:
            raise self._uncertain(
                batch.refused, "the broker refused them (basic.nack: a full queue, for example)"
            )
        if batch.returned:
            back = batch.returned[0]
            ids = [each.task_id for each in batch.returned]
            raise UnroutableTasks(
                f"{len(ids)} of {len(batch.task_ids)} messages came back from {self._address} "
                f"({back.why}): no queue is bound to the exchange {back.exchange!r} with a key "
                f"that matches {back.routing_key!r}. The others were sent.",
                task_ids=ids,
            )

    def _refused(
        self, batch: Batch, messages: Sequence[AmqpMessage], exc: ChannelClosed
    ) -> Exception:
        exchanges = {message.exchange for message in messages}
        publishing = exc.signature == spec.Basic.Publish
        if publishing and exc.code == NOT_FOUND and len(exchanges) == 1:
            return UnroutableTasks(
                f"{self._address} does not know the exchange: {exc}. Nothing was sent.",
                task_ids=batch.unanswered,
            )
        return self._uncertain(batch.unanswered, f"the broker refused one of them ({exc})")

    def _uncertain(self, task_ids: Sequence[str], why: str) -> PublishUncertain:
        ids = [task_id for task_id in task_ids if task_id]
        return PublishUncertain(
            f"{len(ids)} tasks were being sent to {self._address} when {why}: some of them may "
            "have reached the broker. They were not sent again, because that could run them twice.",
            task_ids=ids,
        )

    @property
    def _address(self) -> str:
        return "the broker" if self._connection is None else str(self._connection.address)
