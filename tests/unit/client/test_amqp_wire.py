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
    MalformedFrame,
    NotAmqpValue,
    arguments,
    encoded_properties,
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
