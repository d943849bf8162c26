"""The listening end of the probes: lines from every worker process, parsed as they come.

It shares the event loop with the client, so it does as little as possible: whole chunks are split
at once, and a listener is called with plain values.
"""

import asyncio
import select
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol, cast

import anyio
import anyio.lowlevel

SOCKET_NAME = "probe.sock"

# Every prefork child connects, and all of them at the start of the load.
_BACKLOG = 1024

REST_S = 0.01
"""How long a connection is left alone once it was read: a worker tells three times a task, and to
be woken for each would take more of the machine than to tell it. The kernel keeps some 200 lines of
a connection meanwhile, the probe itself more."""

# asyncio needs three passes of its loop from accepting a connection to reading from it
# (`_accept_connection2` is a task, which calls `connection_made` and the reader by `call_soon`).
_QUIET_PASSES = 5
_CLOSE_S = 1.0


class WorkerListener(Protocol):
    """Is told of each event. Times are `time.monotonic_ns()` of the worker, which is this host's
    clock; `worker` is the process name of the pool. Events of one task may arrive in another order
    than they happened, because a prefork worker's processes each have their own connection.
    """

    def received(self, task_id: str, at_ns: int, worker: str) -> None:
        """A worker took the task from the broker."""

    def started(self, task_id: str, at_ns: int, worker: str) -> None:
        """The task's function is about to be called."""

    def finished(self, task_id: str, at_ns: int, state: str, worker: str) -> None:
        """The task's function ended; `state` is SUCCESS, FAILURE, RETRY, ..."""

    def published(self, task_id: str, at_ns: int) -> None:
        """A worker sent this task."""


class ProbeListener(WorkerListener, Protocol):
    """Is told, too, when a process ends."""

    def cut_off(self, task_id: str) -> None:
        """The process that had started the task is no more, and had not finished it."""

    def gone(self, worker: str) -> None:
        """The process is no more that took tasks from the broker under this name."""


class ProbeServer:
    """What is known of the probes. Made by `open_probe_server`."""

    def __init__(self, path: Path, listener: ProbeListener) -> None:
        self.path = path
        """The socket, for ORCHESTRATOR_PROBE."""
        self.lost_events = 0
        """Events that probes had to drop, and lines that could not be read."""
        self.pids: dict[str, set[int]] = {}
        """Process name -> every process of it that ever said something, its main one included."""
        self._listener = listener
        self._ready: dict[str, anyio.Event] = {}
        self._connections: set[_Connection] = set()
        self._listening_fd = -1

    async def wait_ready(self, process_name: str) -> None:
        """Returns once a worker process of that name has said that it consumes from its queues."""
        await self._readiness(process_name).wait()

    async def drained(self) -> None:
        """Returns once everything that probes have sent so far was read and given to the listener.

        After the pools have ended that is everything there will be. While they run, the end of a
        task may still be on its way when its result has already been seen.
        """
        quiet = 0
        while quiet < _QUIET_PASSES:
            for connection in self._connections:
                connection.wake()
            quiet = 0 if self._anything_to_read() else quiet + 1
            await anyio.lowlevel.checkpoint()

    def _readiness(self, process_name: str) -> anyio.Event:
        return self._ready.setdefault(process_name, anyio.Event())

    def _anything_to_read(self) -> bool:
        poll = select.poll()
        for fd in (self._listening_fd, *(one.fileno() for one in self._connections)):
            if fd >= 0:  # it is -1 once closed
                poll.register(fd, select.POLLIN)
        return any(event & select.POLLIN for _, event in poll.poll(0))

    def busy_pids(self, process_name: str) -> list[int]:
        """The processes under that name that have started a task and not finished it."""
        return [one.pid for one in self._connections if one.worker == process_name and one.running]

    def _take(self, line: str, connection: "_Connection") -> None:
        """One event. Raises ValueError for a line that is none."""
        kind, at, rest = line.split(" ", 2)
        at_ns, worker = int(at), connection.worker
        if kind == "R":
            connection.takes = True
            self._listener.received(rest, at_ns, worker)
        elif kind == "S":
            connection.running.add(rest)
            self._listener.started(rest, at_ns, worker)
        elif kind == "F":
            state, _, task_id = rest.partition(" ")
            connection.running.discard(task_id)
            if state == "UNKNOWN":  # by the end of its process (a cold shutdown), not its own
                self._listener.cut_off(task_id)
            else:
                self._listener.finished(task_id, at_ns, state, worker)
        elif kind == "P":
            self._listener.published(rest, at_ns)
        else:
            raise ValueError(line)

    def _lost(self, connection: "_Connection") -> None:
        self._connections.discard(connection)
        for task_id in connection.running:
            self._listener.cut_off(task_id)
        if connection.takes:
            self._listener.gone(connection.worker)

    def _take_short(self, line: str, worker: str) -> None:
        """The lines without a task. Raises ValueError for one that is none of them."""
        kind, _, value = line.partition(" ")
        if kind == "Y":
            self._readiness(worker).set()
        elif kind == "D":
            self.lost_events += int(value)
        else:
            raise ValueError(line)


class _Connection(asyncio.Protocol):
    """One worker process."""

    def __init__(self, server: ProbeServer) -> None:
        self.worker = ""
        self.pid = 0
        self.running: set[str] = set()
        """What this process has started and not finished."""
        self.takes = False
        """Whether this process takes tasks from the broker."""
        self._server = server
        self._rest = b""
        self._transport: asyncio.ReadTransport | None = None
        self._rest_ends: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.ReadTransport", transport)
        self._server._connections.add(self)

    def data_received(self, data: bytes) -> None:
        lines, newline, rest = (self._rest + data if self._rest else data).rpartition(b"\n")
        self._rest = rest
        if newline:
            for line in lines.decode("utf-8", "surrogateescape").split("\n"):
                self._line(line)
        self._take_a_rest()

    def _take_a_rest(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()
            self._rest_ends = asyncio.get_running_loop().call_later(REST_S, self.wake)

    def wake(self) -> None:
        """Read on."""
        if self._rest_ends is not None and self._transport is not None:
            self._rest_ends.cancel()
            self._rest_ends = None
            self._transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._server._lost(self)
        if self._rest_ends is not None:
            self._rest_ends.cancel()
            self._rest_ends = None

    def fileno(self) -> int:
        sock = self._transport.get_extra_info("socket") if self._transport else None
        return sock.fileno() if sock else -1

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _line(self, line: str) -> None:
        try:
            if line[:2] in ("Y ", "D "):
                self._server._take_short(line, self.worker)
            elif line[:2] == "H ":
                _, pid, self.worker = line.split(" ", 2)
                self.pid = int(pid)
                self._server.pids.setdefault(self.worker, set()).add(self.pid)
            else:
                self._server._take(line, self)
        except (ValueError, IndexError):
            self._server.lost_events += 1


@asynccontextmanager
async def open_probe_server(directory: Path, listener: ProbeListener) -> AsyncIterator[ProbeServer]:
    """Listen on a unix socket in `directory`, which must be private and have a short path."""
    server = ProbeServer(directory / SOCKET_NAME, listener)
    loop = asyncio.get_running_loop()
    listening = await loop.create_unix_server(
        lambda: _Connection(server), path=str(server.path), backlog=_BACKLOG
    )
    server._listening_fd = listening.sockets[0].fileno()
    try:
        yield server
    finally:
        server._listening_fd = -1
        listening.close()
        for connection in tuple(server._connections):
            connection.close()
        # From Python 3.12 this waits for every connection, also for one that was accepted just now.
        with anyio.move_on_after(_CLOSE_S, shield=True):
            await listening.wait_closed()
