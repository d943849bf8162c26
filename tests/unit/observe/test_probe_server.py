import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import pytest

from orchestrator.observe.probe_server import ProbeServer, open_probe_server


@dataclass
class Recorder:
    events: list[tuple[object, ...]] = field(default_factory=list)

    def received(self, task_id: str, at_ns: int, worker: str) -> None:
        self.events.append(("received", task_id, at_ns, worker))

    def started(self, task_id: str, at_ns: int, worker: str) -> None:
        self.events.append(("started", task_id, at_ns, worker))

    def finished(self, task_id: str, at_ns: int, state: str, worker: str) -> None:
        self.events.append(("finished", task_id, at_ns, state, worker))

    def cut_off(self, task_id: str) -> None:
        self.events.append(("cut off", task_id))

    def gone(self, worker: str) -> None:
        self.events.append(("gone", worker))

    def published(self, task_id: str, at_ns: int) -> None:
        self.events.append(("published", task_id, at_ns))


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[ProbeServer, Recorder]]:
    recorder = Recorder()
    with tempfile.TemporaryDirectory(prefix="orc-") as folder:
        async with open_probe_server(Path(folder), recorder) as server:
            yield server, recorder


@asynccontextmanager
async def probing(server: ProbeServer) -> AsyncIterator[asyncio.StreamWriter]:
    _, writer = await asyncio.open_unix_connection(str(server.path))
    yield writer
    writer.close()
    await writer.wait_closed()


async def test_lines_become_calls() -> None:
    async with serving() as (server, recorder), probing(server) as probe:
        probe.write(b"H 7 add.2\nR 1 a\nS 2 a\nF 3 SUCCESS a\nP 4 b c\n")
        await probe.drain()
        await server.drained()
        assert recorder.events == [
            ("received", "a", 1, "add.2"),
            ("started", "a", 2, "add.2"),
            ("finished", "a", 3, "SUCCESS", "add.2"),
            ("published", "b c", 4),
        ]
        assert server.lost_events == 0


async def test_a_task_that_ended_in_no_state_was_cut_off() -> None:
    async with serving() as (server, recorder), probing(server) as probe:
        probe.write(b"H 7 add\nS 2 a\nF 3 UNKNOWN a\n")
        await probe.drain()
        await server.drained()
        assert recorder.events[1:] == [("cut off", "a")]


async def test_lines_may_arrive_in_any_pieces() -> None:
    data = "H 7 add\nS 1 caf\u00e9\nF 2 FAILURE caf\u00e9\n".encode()
    async with serving() as (server, recorder), probing(server) as probe:
        for byte in data:
            probe.write(bytes([byte]))
            await server.drained()
        assert recorder.events == [
            ("started", "caf\u00e9", 1, "add"),
            ("finished", "caf\u00e9", 2, "FAILURE", "add"),
        ]


async def test_ready_is_waited_for_by_name() -> None:
    async with serving() as (server, _), probing(server) as one, probing(server) as two:
        one.write(b"H 7 add.1\nY 5\n")
        with anyio.fail_after(10):
            await server.wait_ready("add.1")
            with anyio.move_on_after(0.05) as waiting:
                await server.wait_ready("add.2")
            assert waiting.cancelled_caught
            async with anyio.create_task_group() as group:
                group.start_soon(server.wait_ready, "add.2")
                two.write(b"H 8 add.2\nY 6\n")


async def test_what_probes_dropped_is_added_up() -> None:
    async with serving() as (server, _), probing(server) as one, probing(server) as two:
        one.write(b"H 7 add\nD 3\n")
        two.write(b"H 8 add\nD 4\n")
        await server.drained()
        assert server.lost_events == 7


@pytest.mark.parametrize("line", [b"X 1 a", b"S a", b"S one a", b"", b"D x", b"H 1", b"\xff\xfe"])
async def test_a_line_that_cannot_be_read_is_a_lost_event(line: bytes) -> None:
    async with serving() as (server, recorder), probing(server) as probe:
        probe.write(b"H 7 add\n" + line + b"\nS 1 a\n")
        await server.drained()
        assert server.lost_events == 1
        assert recorder.events == [("started", "a", 1, "add")]


async def test_drained_sees_all_that_was_sent_before() -> None:
    async with serving() as (server, recorder):
        for number in range(20):
            async with probing(server) as probe:
                probe.write(b"H 7 add\n" + b"S 1 a\n" * 2000)
                await probe.drain()
            await server.drained()
            started = [event for event in recorder.events if event[0] == "started"]
            assert len(started) == (number + 1) * 2000
    await server.drained()  # nothing more can come


async def test_nothing_is_left_open() -> None:
    async with serving() as (server, _):
        reader, writer = await asyncio.open_unix_connection(str(server.path))
        await server.drained()
    with anyio.fail_after(10):
        assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()


async def test_a_process_that_ends_takes_what_it_ran_with_it() -> None:
    async with serving() as (server, recorder):
        async with probing(server) as main, probing(server) as child:
            main.write(b"H 7 add\nR 1 a\nR 1 b\n")
            child.write(b"H 8 add\nS 2 a\nF 3 SUCCESS a\nS 4 b\n")
            await server.drained()
            assert server.busy_pids("add") == [8]
            assert server.busy_pids("mul") == []
            before = len(recorder.events)
            child.close()
            await child.wait_closed()
            await server.drained()
            assert recorder.events[before:] == [("cut off", "b")]
            assert server.busy_pids("add") == []
        await server.drained()
        assert recorder.events[-1] == ("gone", "add")
