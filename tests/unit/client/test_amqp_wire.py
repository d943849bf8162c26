import datetime
from decimal import Decimal
from typing import Any

import amqp
import pytest
from amqp import spec
from amqp.method_framing import frame_writer
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.client.amqp_wire import (
    HEARTBEAT_FRAME,
    Content,
    FrameReader,
    MalformedFrame,
    NotAmqpValue,
    arguments,
    content_frames,
    encoded_properties,
    method_frame,
    publish_frames,
    read_arguments,
)

FRAME_MAX = 4096

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
)
KEYS = st.text(max_size=20)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=8
)
SHORT = st.text(max_size=40)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "content_type": SHORT,
            "content_encoding": SHORT,
            "application_headers": st.dictionaries(KEYS, VALUES),
            "delivery_mode": st.integers(0, 255),
            "priority": st.integers(0, 255) | st.none(),
            "correlation_id": SHORT,
            "reply_to": SHORT,
            "expiration": SHORT,
            "message_id": SHORT,
            "timestamp": st.integers(0, 2**40),
            "type": SHORT,
            "user_id": SHORT,
            "app_id": SHORT,
            "cluster_id": SHORT,
        },
    )
)
def test_properties_are_those_of_py_amqp(properties: dict[str, Any]) -> None:
    message = amqp.Message(b"", **properties)
    assert encoded_properties(properties) == message._serialize_properties()


def test_rare_values_in_headers() -> None:
    when = datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)
    headers = {"when": when, "price": Decimal("1.50"), "pair": (1, "two"), "deep": [{"a": [None]}]}
    message = amqp.Message(b"", application_headers=headers)
    assert encoded_properties({"application_headers": headers}) == message._serialize_properties()


@pytest.mark.parametrize(
    "properties",
    [
        {"application_headers": {"odd": object()}},
        {"application_headers": {"x" * 256: 1}},
        {"application_headers": {"huge": 2**70}},
        {"correlation_id": "x" * 256},
        {"priority": 256},
        {"timestamp": "now"},
    ],
)
def test_what_amqp_cannot_say(properties: dict[str, Any]) -> None:
    with pytest.raises(NotAmqpValue, match=next(iter(properties))):
        encoded_properties(properties)


def test_arguments_that_do_not_fit() -> None:
    with pytest.raises(NotAmqpValue):
        arguments("s", "x" * 256)
    with pytest.raises(MalformedFrame):
        read_arguments("sL", b"\x01")


class Collected:
    def __init__(self) -> None:
        self.methods: list[tuple[int, tuple[int, int], bytes]] = []
        self.contents: list[tuple[int, Content]] = []
        self.reader = FrameReader(
            lambda *method: self.methods.append(method),
            lambda *content: self.contents.append(content),
        )


def delivery(body: bytes, channel: int = 1) -> bytes:
    method = method_frame(channel, spec.Basic.Deliver, arguments("sLbss", "tag", 1, False, "", "q"))
    return method + content_frames(
        channel, encoded_properties({"correlation_id": "me"}), body, FRAME_MAX
    )


@given(
    st.lists(st.sampled_from([0, 1, 100, FRAME_MAX - 8, FRAME_MAX - 7, 20_000]), max_size=4),
    st.lists(st.floats(0, 1), max_size=10),
)
def test_frames_come_back_however_they_are_cut(sizes: list[int], cuts: list[float]) -> None:
    stream = b"".join(
        delivery(b"x" * size) + HEARTBEAT_FRAME + method_frame(0, (10, 60), arguments("s", "low"))
        for size in sizes
    )
    got = Collected()
    places = sorted(int(cut * len(stream)) for cut in cuts)
    for begin, end in zip([0, *places], [*places, len(stream)], strict=True):
        got.reader.feed(stream[begin:end])
    assert [len(content.body) for _, content in got.contents] == sizes
    assert all(content.properties() == {"correlation_id": "me"} for _, content in got.contents)
    assert got.methods == [(0, (10, 60), b"\x03low")] * len(sizes)


def test_messages_of_two_channels_may_alternate() -> None:
    first, second = delivery(b"a" * 10_000, channel=1), delivery(b"b" * 10_000, channel=2)
    got = Collected()
    for pair in zip(split(first), split(second), strict=True):
        got.reader.feed(b"".join(pair))
    assert [(channel, content.body[:1]) for channel, content in got.contents] == [
        (1, b"a"),
        (2, b"b"),
    ]


def split(data: bytes) -> list[bytes]:
    frames = []
    while data:
        size = int.from_bytes(data[3:7], "big") + 8
        frames.append(data[:size])
        data = data[size:]
    return frames


class Socket:
    """Where py-amqp's frame writer writes to."""

    frame_max = FRAME_MAX
    bytes_sent = 0

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: Any) -> None:
        self.data += bytes(data)


def test_publish_is_what_py_amqp_writes() -> None:
    for body in (b"", b"short", b"x" * 10_000):
        message = amqp.Message(body, content_type="text/plain", application_headers={"a": 1})
        payload = arguments("Bssbb", 0, "exchange", "key", True, False)
        theirs = Socket()
        frame_writer(theirs, theirs)(1, 7, spec.Basic.Publish, payload, message)
        ours = publish_frames(
            7,
            "exchange",
            "key",
            encoded_properties(message.properties),
            body,
            mandatory=True,
            frame_max=FRAME_MAX,
        )
        assert ours == theirs.data


@pytest.mark.parametrize(
    "frame",
    [
        b"\x01\x00\x00\x00\x00\x00\x04\x00\x0a\x00\x0bX",
        b"\x09\x00\x00\x00\x00\x00\x00\xce",
        b"\x01\x00\x00\x00\x00\x00\x01\x00\xce",
        b"\x02\x00\x01\x00\x00\x00\x0e" + bytes(14) + b"\xce",
        b"\x03\x00\x01\x00\x00\x00\x01x\xce",
    ],
    ids=["end", "type", "method", "header", "body"],
)
def test_what_is_not_amqp(frame: bytes) -> None:
    with pytest.raises(MalformedFrame):
        Collected().reader.feed(frame)


def test_properties_that_are_cut_short() -> None:
    with pytest.raises(MalformedFrame):
        Content((60, 60), b"", header=b"\x20\x00\x00\xff").properties()
