"""One child process: its own session, its log, its end.

The child is held back at a gate (`/bin/sh` that reads one line before it turns into the program)
until the guardian knows its process group. If we die before that, the gate sees the end of the file
and exits: no child can run that nobody would end.
"""

import contextlib
import os
import signal
import subprocess
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import anyio
import anyio.abc
import anyio.to_thread
import psutil

from orchestrator.environment.guardian import Guardian
from orchestrator.environment.masking import mask_text
from orchestrator.errors import EnvironmentNotReady

_GATE = 'IFS= read -r go && exec "$0" "$@" </dev/null'
_KILL_S = 1.5
_POLL_S = 0.01


class Child:
    """A running child. `name` is what messages call it; `log_path` holds its stdout and stderr."""

    def __init__(
        self, process: anyio.abc.Process, *, name: str, log_path: Path, guardian: Guardian
    ) -> None:
        self.name = name
        self.log_path = log_path
        self.stopping = False
        """True once `stop` was called: from then on its end is wanted."""
        self._process = process
        self._guardian = guardian
        self._pauses = 0

    @property
    def pid(self) -> int:
        """The process id, which is also its process group's."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative: the signal that ended it."""
        return self._process.returncode

    async def wait(self) -> int:
        """Wait until it has ended and was reaped; gives the exit code."""
        return await self._process.wait()

    def send_signal(self, signum: signal.Signals) -> None:
        """To the child itself, not to its group; nothing happens when it has ended."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signum)

    def pause(self) -> None:
        """Let the whole group stand still, until `resume` was called as often."""
        self._pauses += 1
        if self._pauses == 1:
            _signal_group(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        self._pauses -= 1
        if not self._pauses:
            _signal_group(self.pid, signal.SIGCONT)

    async def end(self, signum: signal.Signals, *, within_s: float) -> None:
        """Send the signal, wait for the end, and kill what is left of the group after
        ``within_s``; can be cancelled, and then the child is ending."""
        self.stopping = True
        if signum != signal.SIGKILL:
            self.send_signal(signum)
            with anyio.move_on_after(within_s):
                await self.wait()
        await self.stop(warm_s=0.0)

    async def stop(self, *, warm_s: float, cold_s: float = 0.0) -> int | None:
        """SIGTERM and up to `warm_s` seconds, SIGQUIT and up to `cold_s` (0: no SIGQUIT), then
        SIGKILL.

        The signals go to the child alone, as Celery wants it; SIGKILL goes to all that is left of
        its group, also when the child itself ended well. Not cancellable, at most `warm_s + cold_s
        + 1.5` seconds; gives the exit code, or None for a process that not even SIGKILL ended in
        time.
        """
        self.stopping = True
        with anyio.CancelScope(shield=True):
            for signum, bound_s in ((signal.SIGTERM, warm_s), (signal.SIGQUIT, cold_s)):
                if self.exit_code is None and bound_s > 0:
                    self.send_signal(signum)
                    with anyio.move_on_after(bound_s):
                        await self.wait()
            if await self._kill_group():
                self._guardian.remove(self.pid)
        return self.exit_code

    async def _kill_group(self) -> bool:
        """True when nothing of the group runs any more. Else the guardian keeps it on its list."""
        with anyio.move_on_after(_KILL_S):
            # Nothing tells when a group becomes empty: it has to be asked.
            while await self._killed_and_runs():  # noqa: ASYNC110
                await anyio.sleep(_POLL_S)
            await self.wait()
            return True
        return False

    async def _killed_and_runs(self) -> bool:
        """SIGKILL to the group, and whether a process of it runs all the same. The process table is
        read in a thread: a load may be going on."""
        exists = _signal_group(self.pid, signal.SIGKILL)
        return exists and await anyio.to_thread.run_sync(_group_runs, self.pid)

    def log_tail(self, lines: int = 20) -> tuple[str, ...]:
        """The last lines of the log, passwords in addresses masked; empty when there is no log."""
        try:
            with self.log_path.open(encoding="utf-8", errors="replace") as log:
                return tuple(mask_text(line.rstrip("\n")) for line in deque(log, lines))
        except OSError:
            return ()


async def start_child(
    argv: Sequence[str],
    *,
    name: str,
    log_path: Path,
    guardian: Guardian,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Child:
    """Start `argv` (its first word an absolute path) in a session of its own, known to the
    guardian.

    `env` is the whole environment of the child, None: ours. Raises EnvironmentNotReady when it
    cannot be started.
    """
    read_end, write_end = os.pipe()
    try:
        with _open_log(log_path) as log:
            process = await anyio.open_process(
                ["/bin/sh", "-c", _GATE, *argv],
                stdin=read_end,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=env,
                cwd=cwd,
                start_new_session=True,
            )
        child = Child(process, name=name, log_path=log_path, guardian=guardian)
        try:
            guardian.add(child.pid)
        except EnvironmentNotReady:
            await child.stop(warm_s=0.0)
            raise
        os.write(write_end, b"\n")  # we hold the read end too: this cannot fail
        return child
    except OSError as exc:
        raise EnvironmentNotReady(f"{name} could not be started: {exc}") from exc
    finally:
        os.close(read_end)
        os.close(write_end)


def _open_log(path: Path) -> BinaryIO:
    return path.open("ab")


def _signal_group(pgid: int, signum: int) -> bool:
    """False when the group is empty (or, on macOS, holds only zombies: EPERM)."""
    try:
        os.killpg(pgid, signum)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _group_runs(pgid: int) -> bool:
    """Whether a member of the group is more than a zombie.

    Grandchildren whose parent died are reaped by the init process; in a container that has none
    they stay zombies, and their group exists, for ever.
    """
    for process in psutil.process_iter(["status"]):
        with contextlib.suppress(ProcessLookupError):
            if os.getpgid(process.pid) == pgid and process.info["status"] != psutil.STATUS_ZOMBIE:
                return True
    return False
