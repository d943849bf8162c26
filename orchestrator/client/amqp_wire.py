"""AMQP 0-9-1 as bytes: frames, methods, messages, tables. Pure: no sockets, no state.

Written for many small messages; what is rare goes through py-amqp's own serialisation. The bytes of
a message are those that py-amqp writes for it (a test holds them against each other). Names and
numbers are those of the specification, https://www.rabbitmq.com/amqp-0-9-1-reference.html.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from struct import Struct
from struct import error as StructError
from typing import Any

from amqp import serialization
from amqp.exceptions import FrameSyntaxError

from orchestrator.errors import ClientError

PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"

METHOD, HEADER, BODY, HEARTBEAT = 1, 2, 3, 8
FRAME = Struct(">BHI")
"""The beginning of a frame: type, channel, size of the payload."""

FRAME_END = 0xCE
FRAME_OVERHEAD = 8
"""Bytes of a frame around its payload."""

METHOD_ID_SIZE = 4
HEADER_FIXED_SIZE = 12
HEARTBEAT_FRAME = b"\x08\x00\x00\x00\x00\x00\x00\xce"

_END = bytes((FRAME_END,))
_METHOD_FRAME = Struct(">BHIHH")
_HEADER_FRAME = Struct(">BHIHHQ")
_UNSIGNED_LONG = Struct(">I")
_LONG_ITEM = Struct(">cI")
_INT_ITEM = Struct(">ci")
_BASIC_CLASS = 60
_BASIC_PUBLISH = 40
_INT_LIMIT = 2147483647

_FLAGS = (
    ("content_type", 0x8000, "s"),
    ("content_encoding", 0x4000, "s"),
    ("application_headers", 0x2000, "F"),
    ("delivery_mode", 0x1000, "o"),
    ("priority", 0x0800, "o"),
    ("correlation_id", 0x0400, "s"),
    ("reply_to", 0x0200, "s"),
    ("expiration", 0x0100, "s"),
    ("message_id", 0x0080, "s"),
    ("timestamp", 0x0040, "L"),
    ("type", 0x0020, "s"),
    ("user_id", 0x0010, "s"),
    ("app_id", 0x0008, "s"),
    ("cluster_id", 0x0004, "s"),
)


class MalformedFrame(Exception):
    """The server sent what is not AMQP 0-9-1."""


class NotAmqpValue(ClientError, ValueError):
    """A header or property of the message cannot be expressed in AMQP."""


# ---- methods --------------------------------------------------------------------------------


def arguments(layout: str, *values: Any) -> bytes:
    """The arguments of a method. Raises `NotAmqpValue`.

    ``layout`` is py-amqp's: ``b`` bit, ``o`` octet, ``B`` short, ``l`` long, ``L`` long long, ``s``
    and ``S`` short and long string, ``F`` table.
    """
    try:
        encoded: bytes = serialization.dumps(layout, values)
    except (ValueError, StructError, FrameSyntaxError) as exc:
        raise NotAmqpValue(f"{values!r}: {exc}") from exc
    return encoded


def read_arguments(layout: str, payload: bytes) -> list[Any]:
    """The arguments of a method that came in. Raises `MalformedFrame`."""
    try:
        values: list[Any] = serialization.loads(layout, payload, 0)[0]
    except (ValueError, IndexError, TypeError, StructError, FrameSyntaxError) as exc:
        raise MalformedFrame(f"arguments of a method: {exc}") from exc
    return values


def method_frame(channel: int, signature: tuple[int, int], payload: bytes = b"") -> bytes:
    """One method; ``payload`` comes from `arguments`."""
    head = _METHOD_FRAME.pack(METHOD, channel, METHOD_ID_SIZE + len(payload), *signature)
    return head + payload + _END


# ---- messages -------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def publish_method(channel: int, exchange: str, routing_key: str, *, mandatory: bool) -> bytes:
    """A basic.publish; the message's own frames must follow."""
    immediate = False
    payload = arguments("Bssbb", 0, exchange, routing_key, mandatory, immediate)
    return method_frame(channel, (_BASIC_CLASS, _BASIC_PUBLISH), payload)


def content_frames(channel: int, properties: bytes, body: bytes, frame_max: int) -> bytes:
    """The header and the body of a message; ``properties`` come from `encoded_properties`."""
    size = len(body)
    head = _HEADER_FRAME.pack(
        HEADER, channel, HEADER_FIXED_SIZE + len(properties), _BASIC_CLASS, 0, size
    )
    chunk = frame_max - FRAME_OVERHEAD
    if size <= chunk:
        if not size:
            return b"%b%b\xce" % (head, properties)
        return b"%b%b\xce%b%b\xce" % (
            head,
            properties,
            FRAME.pack(BODY, channel, size),
            body,
        )
    parts = [head, properties, _END]
    for at in range(0, size, chunk):
        piece = body[at : at + chunk]
        parts += (FRAME.pack(BODY, channel, len(piece)), piece, _END)
    return b"".join(parts)


def publish_frames(
    channel: int,
    exchange: str,
    routing_key: str,
    properties: bytes,
    body: bytes,
    *,
    mandatory: bool,
    frame_max: int,
) -> bytes:
    """A basic.publish with its message."""
    method = publish_method(channel, exchange, routing_key, mandatory=mandatory)
    return method + content_frames(channel, properties, body, frame_max)


def encoded_properties(properties: Mapping[str, Any]) -> bytes:
    """The property flags and list of a message; None stands for a property that is not there.

    Raises `NotAmqpValue`.
    """
    flags = 0
    parts = [b""]
    try:
        for name, flag, kind in _FLAGS:
            value = properties.get(name)
            if value is None:
                continue
            flags |= flag
            if kind == "s":
                parts.append(_short_string(value))
            elif kind == "F":
                parts.append(table(value))
            elif kind == "o":
                parts.append(bytes((value,)))
            else:
                parts.append(serialization.dumps(kind, (value,)))
    except (ValueError, TypeError, StructError, FrameSyntaxError) as exc:
        raise NotAmqpValue(f"{name}={value!r}: {exc}") from exc
    parts[0] = flags.to_bytes(2, "big")
    return b"".join(parts)


def read_properties(encoded: bytes) -> dict[str, Any]:
    """The opposite of `encoded_properties`. Raises `MalformedFrame`."""
    try:
        properties: dict[str, Any] = serialization.decode_properties_basic(encoded, 0)[0]
    except (ValueError, IndexError, StructError, FrameSyntaxError) as exc:
        raise MalformedFrame(f"properties of a message: {exc}") from exc
    return properties


def header_key(name: str) -> bytes:
    """The name of a field, as it stands in a table."""
    return _key(name)


def header_item(value: Any) -> bytes:
    """The value of a field, as it stands in a table."""
    return _ITEMS.get(type(value), _other_item)(value)


def table(values: Mapping[str, Any]) -> bytes:
    """A field table, with its length."""
    parts: list[bytes] = []
    append = parts.append
    for key, value in values.items():
        append(_key(key))
        append(_ITEMS.get(type(value), _other_item)(value))
    body = b"".join(parts)
    return _UNSIGNED_LONG.pack(len(body)) + body


@lru_cache(maxsize=1024)
def _key(key: str) -> bytes:
    return _short_string(key)


def _short_string(text: str | bytes) -> bytes:
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return bytes((len(data),)) + data


def _string_item(value: str) -> bytes:
    data = value.encode("utf-8", "surrogatepass")
    return _LONG_ITEM.pack(b"S", len(data)) + data


def _int_item(value: int) -> bytes:
    if -_INT_LIMIT <= value <= _INT_LIMIT:
        return _INT_ITEM.pack(b"I", value)
    return _other_item(value)


def _list_item(values: list[Any] | tuple[Any, ...]) -> bytes:
    body = b"".join([_ITEMS.get(type(value), _other_item)(value) for value in values])
    return _LONG_ITEM.pack(b"A", len(body)) + body


def _other_item(value: Any) -> bytes:
    item: bytes = serialization.dumps("A", ([value],))[_UNSIGNED_LONG.size :]
    return item


_ITEMS: Mapping[type, Callable[[Any], bytes]] = {
    str: _string_item,
    type(None): lambda _: b"V",
    int: _int_item,
    bool: lambda value: b"t\x01" if value else b"t\x00",
    dict: lambda value: b"F" + table(value),
    list: _list_item,
    tuple: _list_item,
}
