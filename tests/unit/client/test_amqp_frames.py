import pytest
from amqp import spec
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.client.amqp_frames import Content, FrameReader
from orchestrator.client.amqp_wire import (
    HEARTBEAT_FRAME,
    MalformedFrame,
    arguments,
    content_frames,
    encoded_properties,
    method_frame,
)

FRAME_MAX = 4096


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
