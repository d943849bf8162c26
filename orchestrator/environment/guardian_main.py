"""The guardian process: ends what a dead orchestrator left behind.

It reads lines from its standard input: `+<pgid>` and `-<pgid>` add and remove a process group,
`d<path>` names a directory. The other end of that pipe is held by the orchestrator alone, so the
end of the file means that it is gone, however it died. Then every group still known gets SIGTERM,
and after `GRACE_S` SIGKILL, and the directories are removed.

Run by its path with `python -I -S`: only the standard library, and few modules of it, so that it is
up in some ten milliseconds.
"""

import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterable

GRACE_S = 1.0
POLL_S = 0.02


def watch(lines: Iterable[bytes]) -> tuple[set[int], list[str]]:
    """Read until the end of the file: the process groups and the directories that are left then."""
    groups: set[int] = set()
    directories: list[str] = []
    for line in lines:
        text = os.fsdecode(line.rstrip(b"\n"))
        kind, rest = text[:1], text[1:]
        if kind == "+":
            groups.add(int(rest))
        elif kind == "-":
            groups.discard(int(rest))
        elif kind == "d":
            directories.append(rest)
    return groups, directories


def signal_groups(groups: Iterable[int], signum: int) -> set[int]:
    """Send `signum` to each group; gives the groups that exist. Signal 0 only asks."""
    alive = set()
    for pgid in groups:
        # EPERM: on macOS a group of which only zombies are left.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pgid, signum)
            alive.add(pgid)
    return alive


def end_groups(groups: set[int], grace_s: float = GRACE_S) -> None:
    """SIGTERM, up to `grace_s` seconds for all together, SIGKILL."""
    deadline = time.monotonic() + grace_s
    groups = signal_groups(groups, signal.SIGTERM)
    while groups and time.monotonic() < deadline:
        time.sleep(POLL_S)
        groups = signal_groups(groups, 0)
    signal_groups(groups, signal.SIGKILL)


def main() -> None:
    """Watch the standard input until it ends, then clean up."""
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(signum, signal.SIG_IGN)
    groups, directories = watch(sys.stdin.buffer)
    end_groups(groups)
    for directory in directories:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
