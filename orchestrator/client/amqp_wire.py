"""AMQP 0-9-1 as bytes: frames out, frames in. Pure: no sockets, no state of a connection.

Written for many small messages; what is rare goes through py-amqp's own serialisation. The bytes of
a message are those that py-amqp writes for it (a test holds them against each other). Names and
numbers are those of the specification, https://www.rabbitmq.com/amqp-0-9-1-reference.html.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from struct import Struct
from struct import error as StructError
from typing import Any

from amqp import serialization
from amqp.exceptions import FrameSyntaxError

from orchestrator.errors import ClientError

PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"

METHOD, HEADER, BODY, HEARTBEAT = 1, 2, 3, 8
FRAME_END = 0xCE
FRAME_OVERHEAD = 8
"""Bytes of a frame around its payload."""

_KINDS = (METHOD, HEADER, BODY, HEARTBEAT)

HEARTBEAT_FRAME = b"\x08\x00\x00\x00\x00\x00\x00\xce"

_END = bytes((FRAME_END,))
_FRAME = Struct(">BHI")
_METHOD_FRAME = Struct(">BHIHH")
_HEADER_FRAME = Struct(">BHIHHQ")
_UNSIGNED_LONG = Struct(">I")
_LONG_ITEM = Struct(">cI")
_INT_ITEM = Struct(">ci")
_BASIC_CLASS = 60
_BASIC_PUBLISH = 40
_METHOD_ID_SIZE = 4
_HEADER_FIXED_SIZE = 12
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
    head = _METHOD_FRAME.pack(METHOD, channel, _METHOD_ID_SIZE + len(payload), *signature)
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
        HEADER, channel, _HEADER_FIXED_SIZE + len(properties), _BASIC_CLASS, 0, size
    )
    chunk = frame_max - FRAME_OVERHEAD
    if size <= chunk:
        if not size:
            return b"%b%b\xce" % (head, properties)
        return b"%b%b\xce%b%b\xce" % (
            head,
            properties,
            _FRAME.pack(BODY, channel, size),
            body,
        )
    parts = [head, properties, _END]
    for at in range(0, size, chunk):
        piece = body[at : at + chunk]
        parts += (_FRAME.pack(BODY, channel, len(piece)), piece, _END)
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


# ---- what comes in --------------------------------------------------------------------------


@dataclass(slots=True)
class Content:
    """A message that came with a method (deliver, return), as far as it has arrived."""

    signature: tuple[int, int]
    arguments: bytes
    header: bytes = b""
    body: bytes = b""
    missing: int = 0

    def properties(self) -> dict[str, Any]:
        """The message's properties, by name. Raises `MalformedFrame`."""
        return read_properties(self.header)


def read_properties(encoded: bytes) -> dict[str, Any]:
    """The opposite of `encoded_properties`. Raises `MalformedFrame`."""
    try:
        properties: dict[str, Any] = serialization.decode_properties_basic(encoded, 0)[0]
    except (ValueError, IndexError, StructError, FrameSyntaxError) as exc:
        raise MalformedFrame(f"properties of a message: {exc}") from exc
    return properties


OnMethod = Callable[[int, tuple[int, int], bytes], None]
OnContent = Callable[[int, Content], None]

_WITH_CONTENT = frozenset({(60, 40), (60, 50), (60, 60), (60, 71)})
"""Basic.publish, return, deliver and get-ok."""


class FrameReader:
    """Takes bytes as they come; calls back with whole methods and whole messages."""

    def __init__(self, on_method: OnMethod, on_content: OnContent) -> None:
        self._on_method = on_method
        self._on_content = on_content
        self._rest = b""
        self._contents: dict[int, Content] = {}
        self._chunks: dict[int, list[bytes]] = {}

    def feed(self, data: bytes) -> None:
        """Raises `MalformedFrame`; nothing more can be read then."""
        if self._rest:
            data = self._rest + data
        at, end = 0, len(data)
        unpack = _FRAME.unpack_from
        while end - at >= FRAME_OVERHEAD:
            kind, channel, size = unpack(data, at)
            start = at + FRAME_OVERHEAD - 1
            stop = start + size
            if stop >= end:
                if kind not in _KINDS:  # its size may be anything: there is nothing to wait for
                    raise MalformedFrame(f"frame of unknown type {kind}")
                break
            if data[stop] != FRAME_END:
                raise MalformedFrame(f"a frame of {size} bytes does not end as one")
            self._frame(kind, channel, data[start:stop])
            at = stop + 1
        self._rest = data[at:]

    def _frame(self, kind: int, channel: int, payload: bytes) -> None:
        if kind == METHOD:
            self._method(channel, payload)
        elif kind == HEADER:
            self._header(channel, payload)
        elif kind == BODY:
            self._body(channel, payload)
        elif kind != HEARTBEAT:
            raise MalformedFrame(f"frame of unknown type {kind}")

    def _method(self, channel: int, payload: bytes) -> None:
        if len(payload) < _METHOD_ID_SIZE:
            raise MalformedFrame("a method without a number")
        signature = (
            int.from_bytes(payload[:2], "big"),
            int.from_bytes(payload[2:_METHOD_ID_SIZE], "big"),
        )
        if signature in _WITH_CONTENT:
            self._contents[channel] = Content(signature, payload[_METHOD_ID_SIZE:])
        else:
            self._on_method(channel, signature, payload[_METHOD_ID_SIZE:])

    def _header(self, channel: int, payload: bytes) -> None:
        content = self._contents.get(channel)
        if content is None or len(payload) < _HEADER_FIXED_SIZE + 2:
            raise MalformedFrame("a message's header where none belongs")
        content.missing = int.from_bytes(payload[4:_HEADER_FIXED_SIZE], "big")
        content.header = payload[_HEADER_FIXED_SIZE:]
        if not content.missing:
            self._complete(channel)

    def _body(self, channel: int, payload: bytes) -> None:
        content = self._contents.get(channel)
        if content is None or len(payload) > content.missing:
            raise MalformedFrame("a message's body where none belongs")
        content.missing -= len(payload)
        if content.missing:
            self._chunks.setdefault(channel, []).append(payload)
            return
        chunks = self._chunks.pop(channel, None)
        content.body = payload if chunks is None else b"".join((*chunks, payload))
        self._complete(channel)

    def _complete(self, channel: int) -> None:
        self._on_content(channel, self._contents.pop(channel))
