"""An AMQP 0-9-1 connection on asyncio: handshake, channels, heartbeats, blocked connections.

Frames are written and read here rather than by a library because nothing else is fast enough; see
docs/decisions.md for the measurement.
"""

import asyncio
import logging
import socket
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from amqp import spec

from orchestrator import __version__
from orchestrator.client.amqp_address import AmqpAddress
from orchestrator.client.amqp_channel import AmqpChannel, AmqpConnectionLost
from orchestrator.client.amqp_frames import Content, FrameReader
from orchestrator.client.amqp_wire import (
    HEARTBEAT_FRAME,
    PROTOCOL_HEADER,
    MalformedFrame,
    arguments,
    method_frame,
    read_arguments,
)

logger = logging.getLogger(__name__)

WRITE_BUFFER_BYTES = 1 << 20
"""What may wait in this process for the broker to read it."""

HEARTBEATS_MISSED = 2
"""Intervals without a byte from the broker after which the connection is dead (as the
specification says)."""

_CAPABILITIES = {
    "authentication_failure_close": True,
    "basic.nack": True,
    "connection.blocked": True,
    "consumer_cancel_notify": True,
    "publisher_confirms": True,
}


class AmqpRefused(Exception):
    """The broker did not let us in, or ended the connection, and said why."""


class AmqpConnection(asyncio.Protocol):
    """One connection; `connect` makes it. ``closed`` is set when it has ended, by whichever side.

    ``unblocked`` is clear while the broker takes no messages (it is short of memory or disk), or
    while the system's buffers are full.
    """

    def __init__(self, address: AmqpAddress) -> None:
        self.address = address
        self.frame_max = address.frame_max
        self.closed = asyncio.Event()
        self.server_properties: Mapping[str, Any] = {}
        """What the broker says of itself: product, version, cluster_name, ..."""
        self.blocked: str | None = None
        """Why the broker takes no messages at the moment, in its own words."""
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._reader = FrameReader(self._on_method, self._on_content)
        self._channels: dict[int, AmqpChannel] = {}
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._opened.add_done_callback(_retrieved)
        self._writable = asyncio.Event()
        self._writable.set()
        self._full = False
        self._timer: asyncio.TimerHandle | None = None
        self._heard_s = self._wrote_s = 0.0
        self._end_reason = ""

    # ---- the life of the connection -------------------------------------------------------------

    async def opened(self) -> None:
        """Wait for the end of the handshake. Raises `AmqpRefused` or `AmqpConnectionLost`."""
        await self._opened

    async def channel(self) -> AmqpChannel:
        """A new channel. Raises `AmqpConnectionLost`."""
        number = max(self._channels, default=0) + 1
        channel = self._channels[number] = AmqpChannel(self, number)
        if self.closed.is_set():
            why = f"the connection is closed ({self._end_reason})"
            channel.end(AmqpConnectionLost(why, written=False))
        await channel.open()
        return channel

    async def writable(self) -> None:
        """Wait while the broker takes no messages; returns at once on a closed connection."""
        await self._writable.wait()

    async def close(self, *, within_s: float) -> None:
        """End in good order, at most ``within_s`` seconds."""
        if self._transport is None:
            return
        self.write(method_frame(0, spec.Connection.Close, arguments("BsBB", 200, "", 0, 0)))
        try:
            async with asyncio.timeout(within_s):
                await self.closed.wait()
        except TimeoutError:
            self.abort("the client closed the connection")

    def abort(self, why: str) -> None:
        """End at once."""
        if self._transport is not None:
            self._transport.abort()
        self._end(why)

    def _end(self, why: str) -> None:
        if self.closed.is_set():
            return
        self._transport = None
        self._end_reason = why
        self.closed.set()
        self._writable.set()
        if self._timer is not None:
            self._timer.cancel()
        if not self._opened.done():
            self._opened.set_exception(AmqpConnectionLost(why, written=False))
        for channel in self._channels.values():
            channel.end(AmqpConnectionLost(why, written=True))

    # ---- bytes ----------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        if self._transport is not None:
            self._wrote_s = self._loop.time()
            self._transport.write(data)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)
        self._heard_s = self._loop.time()
        self.write(PROTOCOL_HEADER)

    def data_received(self, data: bytes) -> None:
        self._heard_s = self._loop.time()
        if data.startswith(b"AMQP") and not self._opened.done():
            self._refuse("it speaks another version of AMQP")
            return
        try:
            self._reader.feed(data)
        except MalformedFrame as exc:
            self.abort(f"the broker sent what is not AMQP 0-9-1: {exc}")

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(str(exc) if exc else "the broker closed the connection")

    def pause_writing(self) -> None:
        self._full = True
        self._writable.clear()

    def resume_writing(self) -> None:
        self._full = False
        self._set_writable()

    def _set_writable(self) -> None:
        if self.blocked is None and not self._full:
            self._writable.set()

    # ---- methods --------------------------------------------------------------------------------

    def _on_content(self, number: int, content: Content) -> None:
        if (channel := self._channels.get(number)) is not None:
            channel.on_content(content)

    def _on_method(self, number: int, signature: tuple[int, int], payload: bytes) -> None:
        if number:
            if (channel := self._channels.get(number)) is not None:
                channel.on_method(signature, payload)
                if channel.closed is not None:
                    del self._channels[number]
        elif (handle := self._HANDLERS.get(signature)) is not None:
            handle(self, payload)

    def _on_start(self, payload: bytes) -> None:
        self.server_properties, offered = read_arguments("ooFSS", payload)[2:4]
        mechanisms = offered.split()
        login = self.address.login(mechanisms)
        if login is None:
            self._refuse(f"it lets in by {', '.join(mechanisms)}, and not by what is configured")
            return
        properties = {
            "product": "celery-orchestrator",
            "version": __version__,
            "platform": "Python asyncio",
            "capabilities": _CAPABILITIES,
            **self.address.client_properties,
        }
        payload = arguments("FsSs", properties, *login, "en_US")
        self.write(method_frame(0, spec.Connection.StartOk, payload))

    def _on_secure(self, payload: bytes) -> None:
        self._refuse("it asks for a second step of the login, which this client does not know")

    def _on_tune(self, payload: bytes) -> None:
        channel_max, frame_max, heartbeat_s = read_arguments("BlB", payload)
        self.frame_max = min(frame_max or self.frame_max, self.frame_max)
        wanted_s = self.address.heartbeat_s
        if wanted_s:
            wanted_s = min(wanted_s, heartbeat_s or wanted_s)
        agreed = arguments("BlB", channel_max, self.frame_max, wanted_s)
        self.write(method_frame(0, spec.Connection.TuneOk, agreed))
        wanted = arguments("ssb", self.address.virtual_host, "", False)
        self.write(method_frame(0, spec.Connection.Open, wanted))
        if wanted_s:
            self._beat_later(wanted_s)

    def _on_open_ok(self, payload: bytes) -> None:
        if not self._opened.done():
            self._opened.set_result(None)

    def _on_close(self, payload: bytes) -> None:
        code, text = read_arguments("BsBB", payload)[:2]
        self.write(method_frame(0, spec.Connection.CloseOk))
        self._refuse(f"{code} {text}")

    def _on_close_ok(self, payload: bytes) -> None:
        if self._transport is not None:
            self._transport.close()
        self._end("the client closed the connection")

    def _on_blocked(self, payload: bytes) -> None:
        self.blocked = read_arguments("s", payload)[0] or "no reason given"
        self._writable.clear()
        logger.warning("%s takes no messages: %s", self.address, self.blocked)

    def _on_unblocked(self, payload: bytes) -> None:
        self.blocked = None
        self._set_writable()
        logger.warning("%s takes messages again", self.address)

    _HANDLERS: ClassVar[Mapping[tuple[int, int], Callable[[Any, bytes], None]]] = {
        spec.Connection.Start: _on_start,
        spec.Connection.Secure: _on_secure,
        spec.Connection.Tune: _on_tune,
        spec.Connection.OpenOk: _on_open_ok,
        spec.Connection.Close: _on_close,
        spec.Connection.CloseOk: _on_close_ok,
        spec.Connection.Blocked: _on_blocked,
        spec.Connection.Unblocked: _on_unblocked,
    }

    def _refuse(self, why: str) -> None:
        """End; during the handshake the broker's (or our) reason is raised as `AmqpRefused`."""
        if not self._opened.done():
            self._opened.set_exception(AmqpRefused(why))
        if self._transport is not None:
            self._transport.close()
        self._end(why)

    # ---- heartbeats -----------------------------------------------------------------------------

    def _beat_later(self, interval_s: float) -> None:
        due_s = self._loop.time() + interval_s / 2
        self._timer = self._loop.call_at(due_s, self._beat, interval_s, due_s)

    def _beat(self, interval_s: float, due_s: float) -> None:
        """Twice per interval: say that we live, and look whether the broker does."""
        now_s = self._loop.time()
        silent_s = now_s - self._heard_s
        held_up = now_s - due_s > interval_s / 2  # this loop was busy: it has not read either
        if silent_s > HEARTBEATS_MISSED * interval_s and not held_up:
            self.abort(f"no sign of life from the broker for {silent_s:.0f} s")
            return
        if now_s - self._wrote_s >= interval_s / 2:
            self.write(HEARTBEAT_FRAME)
        self._beat_later(interval_s)


def _retrieved(future: asyncio.Future[None]) -> None:
    """When `connect` is cancelled nobody is left to hear how the handshake ended."""
    if not future.cancelled():
        future.exception()


async def connect(address: AmqpAddress) -> AmqpConnection:
    """Open a connection and log in.

    Raises OSError (`AmqpConnectionLost` and TimeoutError among them) when the broker cannot be
    reached and `AmqpRefused` when it does not let us in.
    """
    async with asyncio.timeout(address.connect_timeout_s):
        loop = asyncio.get_running_loop()
        transport, connection = await loop.create_connection(
            lambda: AmqpConnection(address),
            address.host,
            address.port,
            ssl=address.tls,
            server_hostname=address.server_hostname if address.tls else None,
        )
        sock = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        try:
            await connection.opened()
        except BaseException:
            connection.abort("the login failed")
            raise
    return connection
