"""The probe: runs inside the workers and says what happens to each task, when it happens.

A worker loads it with `-I orchestrator.observe.probe`; it does nothing unless ORCHESTRATOR_PROBE
names a unix socket. Only the standard library, `celery.signals` and a list of names
are imported.

Every process (a prefork worker has several) has one stream connection, opened at its first event.
Every event is sent at once, without blocking: a worker that is killed has already told all that
happened. What the kernel does not take waits in a bounded buffer for a one-shot timer; what does
not fit there is counted, and the count is sent. Nobody listening means silence, never a failed
task. Datagrams would be simpler, but the kernel queues few of them and refuses the rest.

The protocol is one line an event, `at` being `time.monotonic_ns()`:

    H <pid> <process name>     hello, the first line of a connection
    Y <at>                     the worker is ready
    R <at> <task id>           received by the worker's main process
    S <at> <task id>           started
    F <at> <state> <task id>   finished: `at` is when the task's function returned or raised
    P <at> <task id>           published by a worker (a later link, a chord's body, a retry)
    D <count>                  events that were dropped
"""

# The C class: gevent and eventlet replace `socket.socket` by one that may switch to another
# greenlet inside `send`, and this one never blocks anyway.
import _socket
import errno
import os
import socket
import threading
from collections.abc import Callable, Mapping
from functools import wraps
from threading import get_ident
from time import monotonic_ns
from typing import Any

from celery import signals

from orchestrator.environment import variables

BUFFER_BYTES = 1 << 20
CHUNK_BYTES = 1 << 14
FLUSH_AFTER_S = 0.02
LAST_FLUSH_S = 1.0

_ENDED_NS: dict[int, int] = {}
"""When the function ended that ran last in a thread (or greenlet: the pool has replaced `threading`
by then), until that is told. To look up the task's request, which could hold it, costs more."""

_LATER = (errno.EAGAIN, errno.EWOULDBLOCK, errno.ENOBUFS, errno.EINTR)


class Link:
    """The connection of one process. Thread-safe; `send` never blocks and never raises."""

    def __init__(self, path: str, name: str, *, buffer_bytes: int = BUFFER_BYTES) -> None:
        self._path = path
        self._name = name
        self._buffer_bytes = buffer_bytes
        self._socket: _socket.socket | None = None
        self.reset()

    def reset(self) -> None:
        """Forget the connection. In a forked child it is the parent's, and so may be the lock's
        state.
        """
        self._lock = threading.Lock()
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self._gone = False
        self._waiting = bytearray(f"H {os.getpid()} {self._name}\n".encode())
        self._dropped = 0
        self._timer: threading.Timer | None = None

    def send(self, line: bytes) -> None:
        """Send one line, or keep it until the socket takes more."""
        with self._lock:
            if self._gone:
                return
            if self._waiting or self._socket is None:
                self._keep(line)
                self._flush()
            else:
                sent = self._try_send(line)
                if sent < len(line) and not self._gone:
                    self._keep(line[sent:])
                    self._arm()

    def flush_now(self) -> None:
        """At the end of the process: wait up to a second for the socket to take what is left."""
        with self._lock:
            if self._socket is not None and self._waiting:
                self._socket.settimeout(LAST_FLUSH_S)
            self._flush()
            if self._socket is not None:
                self._socket.setblocking(False)

    def _keep(self, line: bytes) -> None:
        if len(self._waiting) + len(line) > self._buffer_bytes:
            self._dropped += 1
        else:
            self._waiting += line

    def _flush(self) -> None:
        """Send what waits, as far as it goes; the rest is for the timer."""
        if self._socket is None and not self._connect():
            return
        while self._waiting and not self._gone:
            sent = self._try_send(bytes(self._waiting[:CHUNK_BYTES]))
            del self._waiting[:sent]
            if not sent:
                self._arm()
                return
            if self._dropped and not self._waiting:
                self._waiting += b"D %d\n" % self._dropped
                self._dropped = 0

    def _connect(self) -> bool:
        connection = _socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.setblocking(False)
        try:
            connection.connect(self._path)
        except OSError as exc:
            connection.close()
            if exc.errno in _LATER:  # the listener's queue of new connections is full
                self._arm()
            else:
                self._give_up()
            return False
        self._socket = connection
        return True

    def _try_send(self, data: bytes) -> int:
        """How many bytes the kernel took. When nobody listens any more: none, and from then on
        silence.
        """
        if self._socket is None:
            return 0
        try:
            return self._socket.send(data)
        except TimeoutError:
            return 0
        except OSError as exc:
            if exc.errno not in _LATER:
                self._give_up()
            return 0

    def _give_up(self) -> None:
        self._gone = True
        self._waiting.clear()

    def _arm(self) -> None:
        if self._timer is None:
            self._timer = threading.Timer(FLUSH_AFTER_S, self._on_timer)
            self._timer.daemon = True
            self._timer.start()

    def _on_timer(self) -> None:
        with self._lock:
            self._timer = None
            if not self._gone:
                self._flush()


class Probe:
    """The handlers of Celery's signals; each makes one line of an event."""

    def __init__(self, send: Callable[[bytes], None], flush: Callable[[], None]) -> None:
        self._send = send
        self._flush = flush

    def connect(self) -> None:
        """Listen to Celery's signals in this process (and in those forked from it)."""
        signals.worker_init.connect(self.watch_ends, weak=False)
        signals.worker_ready.connect(self.ready, weak=False)
        signals.task_received.connect(self.received, weak=False)
        signals.task_prerun.connect(self.started, weak=False)
        signals.task_postrun.connect(self.finished, weak=False)
        signals.after_task_publish.connect(self.published, weak=False)
        signals.worker_process_shutdown.connect(self.ending, weak=False)
        signals.worker_shutdown.connect(self.ending, weak=False)

    def ready(self, **_: Any) -> None:
        """The worker consumes from its queues."""
        self._send(b"Y %d\n" % monotonic_ns())

    def received(self, request: Any, **_: Any) -> None:
        """The worker's main process took the task from the broker."""
        self._send(b"R %d %s\n" % (monotonic_ns(), _one_line(request.id)))

    def started(self, task_id: str, **_: Any) -> None:
        """The task's function is about to be called."""
        self._send(b"S %d %s\n" % (monotonic_ns(), _one_line(task_id)))

    def watch_ends(self, sender: Any, **_: Any) -> None:
        """Before the worker has its pool: note the end of every task's function from now on."""
        for task in sender.app.tasks.values():
            note_end(task)

    def finished(self, task_id: str, state: str | None = None, **_: Any) -> None:
        """The task is through; `state` is RETRY when it will run again.

        This signal comes only after the result was stored, so the time is the one noted before.
        """
        ended_ns = _ENDED_NS.pop(get_ident(), None) or monotonic_ns()
        self._send(b"F %d %s %s\n" % (ended_ns, (state or "UNKNOWN").encode(), _one_line(task_id)))

    def published(self, headers: Mapping[str, Any] | None = None, **_: Any) -> None:
        """A task was sent by this worker."""
        task_id = headers.get("id") if headers else None
        if task_id:
            self._send(b"P %d %s\n" % (monotonic_ns(), _one_line(task_id)))

    def ending(self, **_: Any) -> None:
        """The process is about to end in good order."""
        self._flush()


def note_end(task: Any) -> None:
    """Wrap `task.run` so that its end is noted. What it called in between has noted its own end
    before."""
    run = task.run

    @wraps(run)
    def noting(*args: Any, **kwargs: Any) -> Any:
        try:
            return run(*args, **kwargs)
        finally:
            _ENDED_NS[get_ident()] = monotonic_ns()

    task.run = noting


def start(environ: Mapping[str, str]) -> None:
    """Connect a probe when `environ` says where to; used once, by the import in a worker."""
    path = environ.get(variables.PROBE)
    if not path:
        return
    link = Link(path, environ.get(variables.POOL, "worker"))
    os.register_at_fork(after_in_child=link.reset)
    Probe(link.send, link.flush_now).connect()


def _one_line(task_id: str) -> bytes:
    text = str(task_id)
    if "\n" in text:
        text = text.replace("\n", " ")
    return text.encode("utf-8", "surrogateescape")


start(os.environ)
