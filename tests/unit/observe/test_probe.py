import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from orchestrator.environment import variables
from orchestrator.observe.probe import Link, Probe


class Listener:
    """A blocking listening end, with a path short enough for macOS."""

    def __init__(self, folder: str) -> None:
        self.path = f"{folder}/probe.sock"
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(self.path)
        self._socket.listen()
        self._socket.settimeout(20)
        self._links: list[Link] = []

    def link(self, name: str = "add", **options: int) -> Link:
        self._links.append(Link(self.path, name, **options))
        return self._links[-1]

    def accept(self) -> socket.socket:
        connection, _ = self._socket.accept()
        connection.settimeout(20)
        return connection

    def close(self) -> None:
        for link in self._links:
            link.reset()
        self._socket.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    with tempfile.TemporaryDirectory(prefix="orc-") as folder:
        listener = Listener(folder)
        yield listener
        listener.close()


def read_until(connection: socket.socket, end: bytes) -> list[str]:
    data = b""
    while not data.endswith(end):
        chunk = connection.recv(1 << 16)
        assert chunk, data
        data += chunk
    return data.decode().splitlines()


def test_each_signal_is_one_line() -> None:
    lines: list[bytes] = []
    probe = Probe(lines.append, lambda: lines.append(b"flushed"))
    before = time.monotonic_ns()
    probe.ready(sender="worker")
    probe.received(request=SimpleNamespace(id="a"), sender="consumer")
    probe.started(task_id="a", task=None, args=())
    probe.finished(task_id="a", state="SUCCESS", retval=1)
    probe.finished(task_id="b\nc")
    probe.published(headers={"id": "d"}, body=())
    probe.published(headers={})
    probe.published()
    probe.ending()
    words = [line.decode().split(" ", 2) for line in lines]
    assert [(kind, *rest) for kind, _, *rest in words[1:-1]] == [
        ("R", "a\n"),
        ("S", "a\n"),
        ("F", "SUCCESS a\n"),
        ("F", "UNKNOWN b c\n"),
        ("P", "d\n"),
    ]
    times = [int(word[1]) for word in words[:-1]]
    assert before <= times[0]
    assert times == sorted(times)
    assert lines[0].startswith(b"Y ")
    assert lines[-1] == b"flushed"


def test_the_first_line_says_who_it_is(listener: Listener) -> None:
    link = listener.link("add.2")
    link.send(b"S 1 x\n")
    link.send(b"S 2 y\n")
    with listener.accept() as connection:
        lines = read_until(connection, b"y\n")
    assert lines == [f"H {os.getpid()} add.2", "S 1 x", "S 2 y"]


def test_nobody_listening_is_silence(tmp_path: Path) -> None:
    link = Link(str(tmp_path / "nobody"), "add")
    for _ in range(10):
        link.send(b"S 1 x\n")
    link.flush_now()
    assert link._waiting == b""
    assert link._timer is None


def test_a_listener_that_goes_away_is_silence(listener: Listener) -> None:
    link = listener.link()
    link.send(b"S 1 x\n")
    listener.accept().close()
    for _ in range(10):
        link.send(b"S 2 y\n")
    assert link._gone
    assert link._waiting == b""


def test_what_the_kernel_does_not_take_follows_by_itself(listener: Listener) -> None:
    """A listener that is busy for a while loses nothing, and sending never waits for it."""
    link = listener.link()
    link.send(b"S 0 x\n")
    with listener.accept() as connection:
        lines = [b"S %d %s\n" % (n, b"x" * 100) for n in range(1, 5000)]
        for line in lines:
            link.send(line)
        assert link._waiting
        got = read_until(connection, lines[-1])
    assert got[2:] == [line.decode().rstrip() for line in lines]


def test_what_does_not_fit_is_counted(listener: Listener) -> None:
    link = listener.link(buffer_bytes=1000)
    sent = 20_000
    for number in range(sent):
        link.send(b"S %d %s\n" % (number, b"x" * 100))
    with listener.accept() as connection:
        data = ""
        while "\nD " not in data or not data.endswith("\n"):
            data += connection.recv(1 << 16).decode()
    *events, last = data.splitlines()[1:]
    assert last.startswith("D ")
    assert len(events) + int(last.split()[1]) == sent
    assert all(event.endswith("x" * 100) for event in events)


def test_a_full_queue_of_connections_is_tried_again(listener: Listener) -> None:
    listener._socket.listen(0)
    others = []
    while True:
        other = socket.socket(socket.AF_UNIX)
        other.setblocking(False)
        others.append(other)
        try:
            other.connect(listener.path)
        except BlockingIOError:
            break
        except OSError:
            pytest.skip("this system refuses connections that do not fit, instead of waiting")
    link = listener.link()
    link.send(b"S 1 x\n")
    assert link._socket is None
    for _ in others[:-1]:
        listener.accept().close()
    with listener.accept() as connection:
        assert read_until(connection, b"x\n") == [f"H {os.getpid()} add", "S 1 x"]
    for other in others:
        other.close()


def test_the_last_flush_waits_a_little(listener: Listener) -> None:
    link = listener.link()
    link.send(b"S 0 x\n")
    connection = listener.accept()
    while not link._waiting:
        link.send(b"S 1 %s\n" % (b"x" * 1000))
    before = time.monotonic()
    link.flush_now()  # nobody reads
    assert time.monotonic() - before < 5
    connection.close()


def test_a_forked_child_has_its_own_connection(listener: Listener) -> None:
    code = (
        "import os, sys\n"
        "from celery import signals\n"
        "import orchestrator.observe.probe\n"
        "signals.task_prerun.send('t', task_id='parent')\n"
        "pid = os.fork()\n"
        "signals.task_prerun.send('t', task_id='child' if not pid else 'parent again')\n"
        "os._exit(0) if not pid else os.waitpid(pid, 0)\n"
    )
    environ = {**os.environ, variables.PROBE: listener.path, variables.POOL: "add"}
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], env=environ, check=True)
    lines = {}
    for _ in range(2):
        with listener.accept() as connection:
            first, *events = read_all(connection)
            lines[tuple(event.split(" ", 2)[2] for event in events)] = first
    assert set(lines) == {("parent", "parent again"), ("child",)}
    assert len(set(lines.values())) == 2
    assert all(first.startswith("H ") and first.endswith(" add") for first in lines.values())


def read_all(connection: socket.socket) -> list[str]:
    return b"".join(iter(lambda: connection.recv(1 << 16), b"")).decode().splitlines()


def test_without_a_socket_named_nothing_is_connected() -> None:
    code = (
        "from celery import signals; import orchestrator.observe.probe\n"
        "assert not signals.task_prerun.receivers"
    )
    environ = {name: value for name, value in os.environ.items() if name != variables.PROBE}
    subprocess.run([sys.executable, "-c", code], env=environ, check=True)
