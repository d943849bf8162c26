"""A raw Redis connection on asyncio: RESP2, read by hiredis, everything pipelined.

No command objects, no locks, no retries: what is sent in one pass of the event loop goes out in one
write (docs/performance.md says what that gives).
"""

import asyncio
import socket
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import hiredis

from orchestrator.client.address import RedisAddress

Command = tuple[Any, ...]
"""A command and its arguments: str, bytes, int or float."""

OnPush = Callable[[list[Any]], None]

WRITE_AHEAD_BYTES = 1 << 20
"""Written but not yet taken by the server: `flush` waits when there is more."""

_PUSHES = (b"pmessage", b"message")

_NOT_YET = ("LOADING", "MASTERDOWN")
"""How a server begins its answer that cannot serve anybody now, and soon can."""


def pack_push(key: Any, values: Sequence[bytes]) -> bytes:
    """LPUSH with many values; five times as fast as packing it like any other command."""
    parts: list[bytes] = [b""] * (2 * len(values))
    parts[::2] = map(b"\r\n$%d\r\n".__mod__, map(len, values))
    parts[1::2] = values
    start = b"*%d\r\n$5\r\nLPUSH\r\n" % (2 + len(values))
    encoded = key if isinstance(key, bytes) else str(key).encode()
    return b"".join((start, b"$%d\r\n%b" % (len(encoded), encoded), *parts, b"\r\n"))


class ConnectionLost(ConnectionError):
    """The connection to Redis broke. ``written``: the commands may have reached the server."""

    def __init__(self, message: str, *, written: bool) -> None:
        self.written = written
        super().__init__(message)


class ReplyRefused(Exception):
    """Redis answered with an error; the message is the server's own."""


class _Pending:
    """The replies that one `send` waits for."""

    __slots__ = ("future", "missing", "replies", "written")

    def __init__(self, future: asyncio.Future[list[Any]], missing: int) -> None:
        self.future = future
        self.missing = missing
        self.replies: list[Any] = []
        self.written = False


class RespConnection(asyncio.Protocol):
    """One connection. ``on_push`` receives the messages of subscriptions.

    ``closed`` is set when the connection has ended, by whichever side.
    """

    def __init__(self, on_push: OnPush | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._reader = hiredis.Reader()
        self._on_push = on_push
        self._transport: asyncio.Transport | None = None
        self._pending: deque[_Pending] = deque()
        self._unwritten: list[_Pending] = []
        self._out: list[bytes] = []
        self._writable = asyncio.Event()
        self._writable.set()
        self.closed = asyncio.Event()

    # ---- sending --------------------------------------------------------------------------------

    def send(self, packed: bytes, replies: int) -> asyncio.Future[list[Any]]:
        """Queue packed commands; the future gives their ``replies``, errors among them.

        The future raises `ConnectionLost` when the connection breaks before the last reply.
        """
        future: asyncio.Future[list[Any]] = self._loop.create_future()
        if self.closed.is_set() or self._transport is None:
            future.set_exception(ConnectionLost("the connection is closed", written=False))
            return future
        pending = _Pending(future, replies)
        if replies:
            self._pending.append(pending)
            self._unwritten.append(pending)
        else:
            future.set_result([])
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(packed)
        return future

    def send_commands(self, commands: Iterable[Command]) -> asyncio.Future[list[Any]]:
        packed = [hiredis.pack_command(command) for command in commands]
        return self.send(b"".join(packed), len(packed))

    async def execute(self, *command: Any) -> Any:
        """Send one command and give its reply; an error reply is raised as `ReplyRefused`."""
        reply = (await self.send(hiredis.pack_command(command), 1))[0]
        if isinstance(reply, hiredis.ReplyError):
            raise ReplyRefused(str(reply))
        return reply

    async def flush(self) -> None:
        """Write what is queued, and wait while the server takes no more."""
        self._flush()
        await asyncio.sleep(0)
        await self._writable.wait()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def _flush(self) -> None:
        out, self._out = self._out, []
        written, self._unwritten = self._unwritten, []
        if self._transport is None or not out:
            return
        for pending in written:
            pending.written = True
        self._transport.write(b"".join(out))

    # ---- receiving ------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=WRITE_AHEAD_BYTES)

    def data_received(self, data: bytes) -> None:
        reader = self._reader
        try:
            reader.feed(data)
            while (reply := reader.gets()) is not False:
                self._receive(reply)
        except hiredis.ProtocolError as exc:
            self.abort(f"Redis sent what is not RESP: {exc}")

    def _receive(self, reply: Any) -> None:
        if self._on_push is not None and type(reply) is list and reply and reply[0] in _PUSHES:
            self._on_push(reply)
            return
        if not self._pending:
            return
        pending = self._pending[0]
        pending.replies.append(reply)
        if len(pending.replies) == pending.missing:
            self._pending.popleft()
            if not pending.future.done():
                pending.future.set_result(pending.replies)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(str(exc) if exc else "the server closed the connection")

    # ---- ending ---------------------------------------------------------------------------------

    def abort(self, why: str) -> None:
        """End at once; what waits for a reply gets `ConnectionLost`."""
        if self._transport is not None:
            self._transport.abort()
        self._end(why)

    async def close(self, *, within_s: float) -> None:
        """End in good order, at most ``within_s`` seconds: TLS and full buffers can hold it up."""
        if self._transport is None:
            return
        self._flush()
        if self._transport is not None:
            self._transport.close()
        try:
            async with asyncio.timeout(within_s):
                await self.closed.wait()
        except TimeoutError:
            self.abort("the client closed the connection")

    def _end(self, why: str) -> None:
        self._transport = None
        self.closed.set()
        self._writable.set()
        pending, self._pending = self._pending, deque()
        self._out.clear()
        self._unwritten.clear()
        for waiting in pending:
            if not waiting.future.done():
                waiting.future.set_exception(ConnectionLost(why, written=waiting.written))


async def connect(address: RedisAddress, *, on_push: OnPush | None = None) -> RespConnection:
    """Open a connection and log in.

    Raises OSError (`ConnectionLost` and TimeoutError among them) when the server cannot be reached
    and `ReplyRefused` when it does not let us in.
    """
    async with asyncio.timeout(address.connect_timeout_s):
        connection = await _open(address, on_push)
        try:
            await _log_in(connection, address)
        except BaseException:
            connection.abort("the login failed")
            raise
    return connection


async def _open(address: RedisAddress, on_push: OnPush | None) -> RespConnection:
    loop = asyncio.get_running_loop()

    def make() -> RespConnection:
        return RespConnection(on_push)

    if address.path is not None:
        _, connection = await loop.create_unix_connection(make, address.path)
        return connection
    transport, connection = await loop.create_connection(
        make, address.host, address.port, ssl=address.tls
    )
    sock = transport.get_extra_info("socket")
    if address.keepalive and sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return connection


async def _log_in(connection: RespConnection, address: RedisAddress) -> None:
    credentials = address.credentials()
    commands: list[Command] = [("AUTH", *credentials)] if credentials else []
    commands.append(("SELECT", address.db))
    welcome = len(commands)
    commands.append(("CLIENT", "SETNAME", address.client_name or "celery-orchestrator"))
    commands.append(("PING",))
    replies = await connection.send_commands(commands)
    for at, reply in enumerate(replies):
        if not isinstance(reply, hiredis.ReplyError):
            continue
        # A user who may not name the connection, or send PING, is no less welcome. But a server
        # that is still loading lets in whom it will refuse everything else: PING tells.
        if at < welcome or str(reply).startswith(_NOT_YET):
            raise ReplyRefused(str(reply))
