"""What a RabbitMQ says of itself to whoever begins to speak, before any login."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import anyio
from amqp.exceptions import FrameSyntaxError
from amqp.serialization import loads

_HEADER = b"AMQP\x00\x00\x09\x01"
_FRAME = struct.Struct(">BHL")
_METHOD_BYTES = 4
_LONGEST_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Greeting:
    """``cluster`` is named after its first node (`name@host`, the host in full), unless it was
    given another name."""

    product: str
    version: str
    cluster: str

    @property
    def node_name(self) -> str:
        return self.cluster.partition("@")[0]


async def greeting(host: str, port: int, *, timeout_s: float) -> Greeting | None:
    """Begin to speak AMQP 0-9-1 and hang up; None when no broker answers in ``timeout_s``."""
    try:
        with anyio.fail_after(timeout_s):
            async with await anyio.connect_tcp(host, port) as stream:
                await stream.send(_HEADER)
                return _read(await _start_frame(stream))
    except (OSError, TimeoutError, anyio.EndOfStream, anyio.BrokenResourceError, ValueError):
        return None


async def _start_frame(stream: anyio.abc.ByteStream) -> bytes:
    """The payload of the first frame (connection.start). Raises ValueError for what is none."""
    data = b""
    while len(data) < _FRAME.size:
        data += await stream.receive()
    kind, channel, size = _FRAME.unpack_from(data)
    if (kind, channel) != (1, 0) or size > _LONGEST_BYTES:
        raise ValueError("not AMQP 0-9-1")
    while len(data) < _FRAME.size + size:
        data += await stream.receive()
    return data[_FRAME.size : _FRAME.size + size]


def _read(payload: bytes) -> Greeting:
    try:
        arguments, _ = loads("ooFSS", payload, _METHOD_BYTES)
    except (FrameSyntaxError, struct.error, IndexError, TypeError) as exc:
        raise ValueError("not AMQP 0-9-1") from exc
    properties: Mapping[str, Any] = arguments[2]
    return Greeting(
        product=str(properties.get("product", "AMQP")),
        version=str(properties.get("version", "unknown")),
        cluster=str(properties.get("cluster_name", "")),
    )
