import asyncio

import pytest
from amqp import spec

from orchestrator.client.amqp_channel import (
    AmqpChannel,
    AmqpConnectionLost,
    ChannelClosed,
)
from orchestrator.client.amqp_frames import Content, FrameReader
from orchestrator.client.amqp_wire import arguments, encoded_properties, method_frame


class RecordedWire:
    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data

    def abort(self, why: str) -> None:
        raise AssertionError(why)

    def methods(self) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        reader = FrameReader(
            lambda _, signature, __: found.append(signature),
            lambda _, content: found.append(content.signature),
        )
        reader.feed(self.data)
        return found


@pytest.fixture
def wire() -> RecordedWire:
    return RecordedWire()


@pytest.fixture
def channel(wire: RecordedWire) -> AmqpChannel:
    return AmqpChannel(wire, 1)


async def test_answers_come_in_order(channel: AmqpChannel) -> None:
    first, second = channel.call(spec.Queue.Declare), channel.call(spec.Queue.Bind)
    channel.on_method(spec.Queue.DeclareOk, b"one")
    channel.on_method(spec.Queue.BindOk, b"two")
    assert (await first, await second) == (b"one", b"two")


async def test_closed_by_the_broker(channel: AmqpChannel, wire: RecordedWire) -> None:
    answer = channel.call(spec.Queue.Declare)
    batch = channel.publish(["id"], b"")
    closing = arguments("BsBB", 406, "inequivalent", *spec.Queue.Declare)
    channel.on_method(spec.Channel.Close, closing)
    for waiting in (answer, batch.settled, channel.call(spec.Queue.Bind)):
        with pytest.raises(ChannelClosed, match="inequivalent") as caught:
            await waiting
        assert caught.value.code == 406
        assert caught.value.signature == spec.Queue.Declare
    with pytest.raises(ChannelClosed):
        channel.publish(["id"], b"")
    assert wire.methods()[-1] == spec.Channel.CloseOk


async def test_lost_with_the_connection(channel: AmqpChannel) -> None:
    batch = channel.publish(["id"], b"")
    channel.end(AmqpConnectionLost("gone", written=True))
    channel.end(AmqpConnectionLost("again", written=True))
    with pytest.raises(AmqpConnectionLost, match="gone") as caught:
        await batch.settled
    assert caught.value.written
    with pytest.raises(AmqpConnectionLost) as caught:
        channel.publish(["id"], b"")
    assert not caught.value.written


async def test_confirmed_refused_and_returned(channel: AmqpChannel) -> None:
    batch = channel.publish(["a", "b", "c"], b"")
    content = Content(spec.Basic.Return, arguments("Bsss", 312, "NO_ROUTE", "", "q"))
    content.header = encoded_properties({"correlation_id": "a"})
    channel.on_content(content)
    channel.on_method(spec.Basic.Ack, arguments("Lb", 2, True))
    channel.on_method(spec.Basic.Nack, arguments("Lb", 3, False))
    await batch.settled
    assert [back.task_id for back in batch.returned] == ["a"]
    assert batch.refused == ["c"]


async def test_deliveries_until_the_queue_is_deleted(
    channel: AmqpChannel, wire: RecordedWire
) -> None:
    bodies: list[bytes] = []
    ends: list[None] = []
    consuming = asyncio.ensure_future(
        channel.consume("q", lambda content: bodies.append(content.body), lambda: ends.append(None))
    )
    await asyncio.sleep(0)
    channel.on_method(spec.Basic.ConsumeOk, arguments("s", "tag"))
    await consuming
    channel.on_content(Content(spec.Basic.Deliver, b"", body=b"one"))
    channel.on_method(spec.Basic.Cancel, arguments("sb", "tag", False))
    channel.on_method(spec.Channel.CloseOk, b"")
    assert bodies == [b"one"]
    assert ends == [None]
    assert channel.closed is not None
    assert wire.methods() == [spec.Basic.Consume, spec.Channel.Close]


async def test_flow_is_agreed_to(channel: AmqpChannel, wire: RecordedWire) -> None:
    channel.on_method(spec.Channel.Flow, b"\x01")
    assert wire.data == method_frame(1, spec.Channel.FlowOk, b"\x01")


async def test_answer_that_nobody_waits_for_any_more(channel: AmqpChannel) -> None:
    channel.call(spec.Queue.Declare).cancel()
    second = channel.call(spec.Queue.Bind)
    channel.on_method(spec.Queue.DeclareOk, b"one")
    channel.on_method(spec.Queue.BindOk, b"two")
    channel.on_method(spec.Queue.BindOk, b"nobody asked")
    assert await second == b"two"
