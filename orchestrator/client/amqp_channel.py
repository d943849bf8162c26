"""One AMQP channel: methods with their answers, confirmed messages, deliveries."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from amqp import spec

from orchestrator.client.amqp_confirms import Batch, Confirms, Returned
from orchestrator.client.amqp_frames import Content
from orchestrator.client.amqp_wire import arguments, method_frame, read_arguments

OnDelivery = Callable[[Content], None]
OnEnd = Callable[[], None]

NOT_FOUND = 404
PRECONDITION_FAILED = 406


class AmqpConnectionLost(ConnectionError):
    """The connection to the broker broke. ``written``: messages may have reached the broker."""

    def __init__(self, message: str, *, written: bool) -> None:
        self.written = written
        super().__init__(message)


class ChannelClosed(Exception):
    """The broker closed the channel because of a method that it refused.

    ``code`` and ``str()`` are the broker's; ``signature`` is the number of that method.
    """

    def __init__(self, code: int, text: str, signature: tuple[int, int]) -> None:
        self.code = code
        self.signature = signature
        super().__init__(text)


class Wire(Protocol):
    """What a channel needs of its connection."""

    def write(self, data: bytes) -> None: ...

    def abort(self, why: str) -> None: ...


class AmqpChannel:
    """Made by `AmqpConnection.channel`. ``closed`` says why no more can be sent, if so."""

    def __init__(self, wire: Wire, number: int) -> None:
        self._wire = wire
        self.number = number
        self.closed: ChannelClosed | AmqpConnectionLost | None = None
        self._answers: deque[asyncio.Future[bytes]] = deque()
        self._confirms = Confirms()
        self._on_delivery: OnDelivery | None = None
        self._on_end: OnEnd | None = None

    # ---- methods --------------------------------------------------------------------------------

    def call(self, signature: tuple[int, int], payload: bytes = b"") -> asyncio.Future[bytes]:
        """Send a method with its encoded arguments; the future gives those of the answer.

        Several may be sent without waiting; answers come in order. The future raises
        `ChannelClosed` or `AmqpConnectionLost`.
        """
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        answer.add_done_callback(_retrieved)
        if self.closed is not None:
            answer.set_exception(self._again(self.closed))
            return answer
        self._answers.append(answer)
        self._wire.write(method_frame(self.number, signature, payload))
        return answer

    async def open(self) -> None:
        await self.call(spec.Channel.Open, arguments("s", ""))

    def close(self) -> asyncio.Future[bytes]:
        """End in good order; the future is done when the broker has agreed."""
        return self.call(spec.Channel.Close, arguments("BsBB", 200, "", 0, 0))

    async def confirm(self) -> None:
        """Have every message that is published on this channel confirmed."""
        await self.call(spec.Confirm.Select, arguments("b", False))

    async def consume(
        self, queue: str, on_delivery: OnDelivery, on_end: OnEnd, *, no_ack: bool = True
    ) -> None:
        """Receive what is in the queue and what comes, without acknowledging it.

        With ``no_ack`` it is gone from the queue; else it is back there when the channel is closed.
        ``on_end`` is called, once, when nothing more will come: the queue was deleted, or the
        channel or the connection has ended.
        """
        self._on_delivery, self._on_end = on_delivery, on_end
        no_local, exclusive, nowait = False, False, False
        flags = (no_local, no_ack, exclusive, nowait)
        await self.call(spec.Basic.Consume, arguments("BssbbbbF", 0, queue, "", *flags, {}))

    def publish(self, task_ids: Sequence[str], frames: bytes) -> Batch:
        """Write messages on a channel in confirm mode; gives what is to be awaited.

        ``task_ids`` has one for each of them, "" for what is not a task.

        Raises `ChannelClosed` or `AmqpConnectionLost` when nothing was written.
        """
        if self.closed is not None:
            raise self._again(self.closed)
        batch = self._confirms.add(task_ids)
        self._wire.write(frames)
        return batch

    def give_up(self, batch: Batch) -> None:
        """Wait no longer for the broker to confirm these: ``batch.unanswered`` says which."""
        self._confirms.give_up(batch)

    # ---- what the broker says -------------------------------------------------------------------

    def on_method(self, signature: tuple[int, int], payload: bytes) -> None:
        """Raises `MalformedFrame`."""
        if signature == spec.Basic.Ack:
            self._confirms.ack(int.from_bytes(payload[:8], "big"), multiple=payload[8] & 1 == 1)
        elif signature == spec.Basic.Nack:
            self._confirms.nack(int.from_bytes(payload[:8], "big"), multiple=payload[8] & 1 == 1)
        elif signature == spec.Channel.Close:
            self._closed_by_broker(payload)
        elif signature == spec.Basic.Cancel:
            self.close()
            self._no_more_deliveries()
        elif signature == spec.Channel.Flow:
            self._wire.write(method_frame(self.number, spec.Channel.FlowOk, payload[:1]))
        else:
            self._answer(payload)
            if signature == spec.Channel.CloseOk:
                self.end(ChannelClosed(200, "the client closed the channel", (0, 0)))

    def _answer(self, payload: bytes) -> None:
        if self._answers:
            answer = self._answers.popleft()
            if not answer.done():
                answer.set_result(payload)

    def on_content(self, content: Content) -> None:
        """Raises `MalformedFrame`."""
        if content.signature == spec.Basic.Deliver:
            if self._on_delivery is not None:
                self._on_delivery(content)
        elif content.signature == spec.Basic.Return:
            code, text, exchange, key = read_arguments("Bsss", content.arguments)
            task_id = str(content.properties().get("correlation_id", ""))
            self._confirms.returned(Returned(task_id, exchange, key, f"{code} {text}"))

    def _closed_by_broker(self, payload: bytes) -> None:
        code, text, class_id, method_id = read_arguments("BsBB", payload)
        self._wire.write(method_frame(self.number, spec.Channel.CloseOk))
        self.end(ChannelClosed(code, text, (class_id, method_id)))

    def end(self, why: ChannelClosed | AmqpConnectionLost) -> None:
        """Nothing more will come: who waits gets an error like this one."""
        if self.closed is not None:
            return
        self.closed = why
        answers, self._answers = self._answers, deque()
        for answer in answers:
            if not answer.done():
                answer.set_exception(self._again(why, written=True))
        self._confirms.lose(lambda: self._again(why, written=True))
        self._no_more_deliveries()

    def _no_more_deliveries(self) -> None:
        on_end, self._on_end = self._on_end, None
        if on_end is not None:
            on_end()

    @staticmethod
    def _again(
        why: ChannelClosed | AmqpConnectionLost, *, written: bool = False
    ) -> ChannelClosed | AmqpConnectionLost:
        """The error anew: one exception object must not be raised in two places."""
        if isinstance(why, ChannelClosed):
            return ChannelClosed(why.code, str(why), why.signature)
        return AmqpConnectionLost(str(why), written=written)


def _retrieved(future: asyncio.Future[bytes]) -> None:
    """The answer may have no reader any more; the channel's end is known from `closed`."""
    if not future.cancelled():
        future.exception()
