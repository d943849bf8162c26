"""Who has the machine: most tests share it, those that measure with a clock have it to themselves.

A reader-writer lock over the processes of one parallel run, made of two files. Whoever waits for
the machine stands in the gate, so that those who want it alone are not overtaken for ever."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(path: Path, kind: int) -> Iterator[None]:
    with path.open("a") as file:  # closing it gives the lock back
        fcntl.flock(file, kind)
        yield


@contextmanager
def the_machine(directory: Path, *, alone: bool) -> Iterator[None]:
    """Holds the machine, with others or ``alone``; ``directory`` is the same for all of them."""
    with (directory / "room.lock").open("a") as room:
        with locked(directory / "gate.lock", fcntl.LOCK_EX):
            fcntl.flock(room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield
