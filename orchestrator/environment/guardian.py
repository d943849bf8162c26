"""Our end of the guardian: a process that outlives us and ends our children when we are gone.

A finalizer cannot run after `kill -9`; a pipe can: its far end sees the end of the file. Every
child is announced here before it runs (see `child`), so that there is no moment in which it would
be missed.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.abc
import anyio.to_thread

from orchestrator.environment import guardian_main
from orchestrator.errors import EnvironmentNotReady

# sun_path holds 104 bytes on macOS and 108 on Linux, and the longest name in the directory is 16.
_LONGEST_DIRECTORY = 80
_END_S = 3.0
_SCRIPT = os.path.abspath(guardian_main.__file__)


class Guardian:
    """Knows the process groups and the private directory of this run."""

    def __init__(self, directory: Path, pid: int, pipe: int) -> None:
        self.directory = directory
        """Private (mode 0700), short enough for unix sockets, removed at the end of the run."""
        self.pid = pid
        self._pipe = pipe

    def add(self, pgid: int) -> None:
        """From now on the group `pgid` ends with us. EnvironmentNotReady if nobody listens."""
        self._write(f"+{pgid}\n")

    def remove(self, pgid: int) -> None:
        """The group is empty; its number may soon be another's, so the guardian must forget it."""
        with contextlib.suppress(EnvironmentNotReady):
            self._write(f"-{pgid}\n")

    def _write(self, line: str) -> None:
        try:
            os.write(self._pipe, os.fsencode(line))  # shorter than PIPE_BUF: whole or not at all
        except BrokenPipeError as exc:
            raise EnvironmentNotReady("The guardian process of this run was killed.") from exc


@asynccontextmanager
async def open_guardian() -> AsyncIterator[Guardian]:
    """Start the guardian and make the run's private directory; on leaving, both are gone.

    Raises EnvironmentNotReady when the directory cannot be made or the process cannot be started.
    """
    directory = private_directory()
    # os.pipe() is not inheritable: no child of ours can keep the write end open after us.
    read_end, write_end = os.pipe()
    process: anyio.abc.Process | None = None
    try:
        process = await _start(read_end)
        guardian = Guardian(directory, process.pid, write_end)
        guardian._write(f"d{directory}\n")
        yield guardian
    finally:
        os.close(write_end)
        with anyio.CancelScope(shield=True):
            if process is not None:
                await _finish(process)
            await anyio.to_thread.run_sync(_remove, directory)


def private_directory() -> Path:
    """A new directory of mode 0700 with a path short enough for a unix socket in it."""
    try:
        directory = tempfile.mkdtemp(prefix="orc-")
        if len(os.fsencode(directory)) > _LONGEST_DIRECTORY:
            os.rmdir(directory)
            directory = tempfile.mkdtemp(prefix="orc-", dir="/tmp")
    except OSError as exc:
        raise EnvironmentNotReady(f"No private directory could be made: {exc}") from exc
    return Path(directory)


async def _start(read_end: int) -> anyio.abc.Process:
    try:
        return await anyio.open_process(
            [sys.executable, "-I", "-S", _SCRIPT],
            stdin=read_end,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )
    except OSError as exc:
        raise EnvironmentNotReady(f"The guardian process could not be started: {exc}") from exc
    finally:
        os.close(read_end)


async def _finish(process: anyio.abc.Process) -> None:
    """It ends by itself once the pipe is closed; the bound is for a machine that is stuck."""
    with anyio.move_on_after(_END_S):
        await process.wait()
    if process.returncode is None:
        process.kill()
        await process.wait()


def _remove(directory: Path) -> None:
    shutil.rmtree(directory, ignore_errors=True)
