"""Our end of a contender's process."""

import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.abc
from anyio.streams.buffered import BufferedByteReceiveStream

from benchmarks.records import BenchmarkError, Sample, WrongResult
from orchestrator.environment.guardian import Guardian

LONGEST_ANSWER = 1 << 26
REPEAT_S = 240.0
LOG_LINES = 8
START_S = 30.0
END_S = 5.0


class ContenderProcess:
    """Made by `open_contender`."""

    def __init__(self, name: str, process: anyio.abc.Process, log_path: Path) -> None:
        self.name = name
        self.pid = process.pid
        self._log_path = log_path
        assert process.stdin is not None
        assert process.stdout is not None
        self._requests = process.stdin
        self._answers = BufferedByteReceiveStream(process.stdout)

    async def ready(self) -> None:
        """Returns when it is connected and has imported everything. Raises `BenchmarkError`."""
        with anyio.fail_after(START_S):
            await self._answer()

    async def repeat(self, tasks: int) -> Sample:
        """One repeat.

        Raises `WrongResult`, or `BenchmarkError` when it failed or takes too long.
        """
        await self._requests.send(f"{tasks}\n".encode())
        try:
            with anyio.fail_after(REPEAT_S):
                answer = await self._answer()
        except TimeoutError as exc:
            raise BenchmarkError(f"{self.name}: {tasks} tasks took over {REPEAT_S:g} s") from exc
        return Sample(**answer)

    async def _answer(self) -> dict[str, Any]:
        try:
            line = await self._answers.receive_until(b"\n", LONGEST_ANSWER)
        except (anyio.IncompleteRead, anyio.BrokenResourceError) as exc:
            log = self._log_path.read_text(errors="replace").splitlines()[-LOG_LINES:]
            raise BenchmarkError("\n".join([f"{self.name} ended:", *log])) from exc
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            kind = WrongResult if answer["kind"] == WrongResult.__name__ else BenchmarkError
            raise kind(f"{self.name}: {answer['kind']}: {answer['error']}")
        return answer


@asynccontextmanager
async def open_contender(
    name: str,
    *,
    environ: Mapping[str, str],
    core: int | None,
    guardian: Guardian,
    cwd: Path,
) -> AsyncIterator[ContenderProcess]:
    """Start it, without waiting for it to be ready; it is ended on leaving, at the latest by
    SIGKILL.
    """
    argv = [sys.executable, "-m", "benchmarks.contender_main", name]
    log_path = guardian.directory / f"{name}.log"
    with log_path.open("ab") as log:
        process = await anyio.open_process(
            argv if core is None else [*argv, str(core)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=environ,
            cwd=cwd,
            start_new_session=True,
        )
    try:
        guardian.add(process.pid)
        yield ContenderProcess(name, process, log_path)
    finally:
        with anyio.CancelScope(shield=True):
            await _end(process)
        guardian.remove(process.pid)


async def _end(process: anyio.abc.Process) -> None:
    assert process.stdin is not None
    await process.stdin.aclose()
    with anyio.move_on_after(END_S):
        await process.wait()
    if process.returncode is None:
        process.send_signal(signal.SIGKILL)
        await process.wait()
    assert process.stdout is not None
    await process.stdout.aclose()
