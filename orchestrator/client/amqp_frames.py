"""AMQP 0-9-1 as it comes in: bytes become methods and messages. Pure: no sockets."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from orchestrator.client.amqp_wire import (
    BODY,
    FRAME,
    FRAME_END,
    FRAME_OVERHEAD,
    HEADER,
    HEADER_FIXED_SIZE,
    HEARTBEAT,
    METHOD,
    METHOD_ID_SIZE,
    MalformedFrame,
    read_properties,
)

_KINDS = (METHOD, HEADER, BODY, HEARTBEAT)


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
        unpack = FRAME.unpack_from
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
        if len(payload) < METHOD_ID_SIZE:
            raise MalformedFrame("a method without a number")
        signature = (
            int.from_bytes(payload[:2], "big"),
            int.from_bytes(payload[2:METHOD_ID_SIZE], "big"),
        )
        if signature in _WITH_CONTENT:
            self._contents[channel] = Content(signature, payload[METHOD_ID_SIZE:])
        else:
            self._on_method(channel, signature, payload[METHOD_ID_SIZE:])

    def _header(self, channel: int, payload: bytes) -> None:
        content = self._contents.get(channel)
        if content is None or len(payload) < HEADER_FIXED_SIZE + 2:
            raise MalformedFrame("a message's header where none belongs")
        content.missing = int.from_bytes(payload[4:HEADER_FIXED_SIZE], "big")
        content.header = payload[HEADER_FIXED_SIZE:]
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
