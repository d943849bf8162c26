"""Sends captured canvases to RabbitMQ: what the backend must know, declarations, messages.

Every message is confirmed by the broker, many at a time. Nothing is ever sent twice: when the
connection breaks before all are confirmed, nobody can know which of the others arrived, and the
caller is told so (`PublishUncertain`).
"""

import asyncio
import logging
from collections.abc import Iterator, Sequence

from amqp import spec

from orchestrator.client.amqp_channel import (
    NOT_FOUND,
    AmqpChannel,
    AmqpConnectionLost,
    ChannelClosed,
)
from orchestrator.client.amqp_confirms import Batch
from orchestrator.client.amqp_connection import AmqpConnection
from orchestrator.client.amqp_failures import DeclarationRefused, UnroutableTasks
from orchestrator.client.amqp_link import AmqpLink
from orchestrator.client.amqp_messages import Piece, made_pieces, pieces
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
        await write_backend(
            self._backend, [write for canvas in captured for write in canvas.backend]
        )
        try:
            connection, channel = await self._prepared()
        except (AmqpConnectionLost, ChannelClosed) as exc:
            raise self._link.unavailable(str(exc)) from exc
        sending = _Sending(channel, _pieces(captured, channel.number, connection.frame_max))
        try:
            async with asyncio.timeout(_limit_s(captured)) as limit:
                await sending.write(connection)
                await sending.confirmed()
        except (AmqpConnectionLost, ChannelClosed) as exc:
            raise self._lost(sending, exc) from exc
        except TimeoutError as exc:
            if not limit.expired():
                raise
            why = f"the broker had not confirmed them within {_limit_s(captured):g} s"
            raise self._uncertain(sending.unconfirmed(), why) from exc
        self._check(sending.batches)

    # ---- declarations ---------------------------------------------------------------------------

    async def _prepared(self) -> tuple[AmqpConnection, AmqpChannel]:
        """A channel to publish on, when everything is declared and the broker takes messages."""
        async with self._preparing:
            connection = await self._link.ready()
            if connection is not self._connection:
                await self._declare_again(connection)
                self._connection, self._publishing = connection, None
            await self._declare_new(connection)
            await connection.writable()
            if self._publishing is None or self._publishing.closed is not None:
                self._publishing = await connection.channel()
                await self._publishing.confirm()
            return connection, self._publishing

    async def _declare_new(self, connection: AmqpConnection) -> None:
        waiting = self._broker.record.declarations
        recorded = len(waiting)
        fresh = [each for each in dict.fromkeys(waiting) if each not in self._known]
        done, refusal = await self._declare(connection, fresh)
        del waiting[:recorded]
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

    def _check(self, batches: Sequence[Batch]) -> None:
        refused = [task_id for batch in batches for task_id in batch.refused]
        if refused:
            raise self._uncertain(
                refused, "the broker refused them (basic.nack: a full queue, for example)"
            )
        returned = [back for batch in batches for back in batch.returned]
        if returned:
            first = returned[0]
            total = sum(len(batch.task_ids) for batch in batches)
            raise UnroutableTasks(
                f"{len(returned)} of {total} messages came back from {self._address} ({first.why}):"
                f" no queue is bound to the exchange {first.exchange!r} with a key that matches "
                f"{first.routing_key!r}. The others were sent.",
                task_ids=[back.task_id for back in returned],
            )

    def _lost(self, sending: "_Sending", exc: AmqpConnectionLost | ChannelClosed) -> Exception:
        if not sending.batches:
            return self._link.unavailable(str(exc))
        if isinstance(exc, AmqpConnectionLost):
            return self._uncertain(sending.unconfirmed(), f"the connection broke ({exc})")
        if sending.went_nowhere(exc):
            return UnroutableTasks(
                f"{self._address} does not know the exchange: {exc}. Nothing was sent.",
                task_ids=sending.unconfirmed(),
            )
        return self._uncertain(sending.unconfirmed(), f"the broker refused one of them ({exc})")

    def _uncertain(self, task_ids: Sequence[str], why: str) -> PublishUncertain:
        return PublishUncertain(
            f"{len(task_ids)} tasks were being sent to {self._address} when {why}: some of them "
            "may have reached the broker. They were not sent again, because that could run them "
            "twice.",
            task_ids=task_ids,
        )

    @property
    def _address(self) -> str:
        return "the broker" if self._connection is None else str(self._connection.address)


class _Sending:
    """One submit on its way: what was written, and what was not yet."""

    def __init__(self, channel: AmqpChannel, pieces: Iterator[Piece]) -> None:
        self.batches: list[Batch] = []
        self._channel = channel
        self._pieces = pieces
        self._unwritten: Sequence[str] = ()
        self._exchanges: set[str] = set()

    async def write(self, connection: AmqpConnection) -> None:
        """Write all, not faster than the broker reads. Raises `AmqpConnectionLost`,
        `ChannelClosed`."""
        for piece in self._pieces:
            self._unwritten = piece.task_ids
            self._exchanges |= piece.exchanges
            if self.batches:
                await connection.writable()
            self.batches.append(self._channel.publish(piece.task_ids, piece.data))
            self._unwritten = ()

    async def confirmed(self) -> None:
        """Wait for the broker's answer to each. Raises `AmqpConnectionLost`, `ChannelClosed`."""
        for batch in self.batches:
            await batch.settled

    def unconfirmed(self) -> list[str]:
        """The tasks of which the broker has not said what became of them."""
        ids: list[str] = []
        for batch in self.batches:
            self._channel.give_up(batch)
            ids += batch.unanswered
        ids += self._unwritten
        for piece in self._pieces:
            ids += piece.task_ids
        return [task_id for task_id in ids if task_id]

    def went_nowhere(self, exc: ChannelClosed) -> bool:
        """True when all were for one exchange, and that is what the broker does not know."""
        return (
            exc.code == NOT_FOUND
            and exc.signature == spec.Basic.Publish
            and len(self._exchanges) == 1
            and repr(next(iter(self._exchanges))) in str(exc)
        )


def _pieces(captured: Sequence[Captured], channel: int, frame_max: int) -> Iterator[Piece]:
    yield from pieces(
        (message for canvas in captured for message in canvas.commands), channel, frame_max
    )
    for canvas in captured:
        if canvas.messages is not None:
            yield from made_pieces(canvas.messages, channel, frame_max)


def _limit_s(captured: Sequence[Captured]) -> float | None:
    limits = (message.confirm_timeout_s for canvas in captured for message in canvas.commands)
    return min((limit for limit in limits if limit is not None), default=None)
