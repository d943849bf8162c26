"""What the live view costs: its share of the time of a load that goes as fast as it can.

`python -m benchmarks.live_cost` runs `benchmarks.load_run` with the view on a terminal of its own,
and adds up the CPU time of everything that is done only for it: drawing, in a thread, and on the
load's loop the figures of each second and of each picture."""

import os
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import anyio
import click
from rich.live import Live as Display

from benchmarks.load_run import measure
from orchestrator.cli.progress import Live
from orchestrator.judge.live import LiveFigures
from orchestrator.records import Live as Snapshot

SHARE = 0.01


class Spent:
    """CPU seconds for the view while the load was on, and how long it took."""

    def __init__(self) -> None:
        self.cpu_s = 0.0
        self.load_s = 0.0
        self._began = 0.0

    def timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any) -> Any:
            began = time.thread_time()
            try:
                return function(*args)
            finally:
                if self._began:
                    self.cpu_s += time.thread_time() - began

        return run

    def stepped(self, function: Callable[..., Awaitable[None]]) -> Callable[..., Any]:
        """Of a coroutine, only the steps: not what others do between them."""

        async def run(*args: Any) -> None:
            await _Steps(self.timed, function(*args))

        return run

    def phase(self, text: str) -> None:
        """The load goes from the phase ``sending`` to the next."""
        if self._began:
            self.load_s, self._began = time.monotonic() - self._began, 0.0
        elif text == "sending":
            self._began = time.monotonic()


class _Steps:
    def __init__(
        self, timed: Callable[[Callable[..., Any]], Callable[..., Any]], steps: Awaitable[None]
    ) -> None:
        self._timed = timed
        self._steps = steps

    def __await__(self) -> Generator[Any, None, None]:
        step = self._timed(self._steps.__await__().__next__)
        while True:
            try:
                future = step()
            except StopIteration:
                return
            yield future


class View:
    """The live view of a run, on a terminal that nobody looks at."""

    refresh_s = Live.refresh_s

    def __init__(self, view: Live, spent: Spent) -> None:
        self._view = view
        self._spent = spent

    def phase(self, text: str) -> None:
        self._spent.phase(text)
        self._view.phase(text)

    def tick(self, live: Snapshot) -> None:
        self._view.tick(live)


@contextmanager
def terminal() -> Iterator[int]:
    """A file that is one; what is written to it is read and forgotten."""
    reader, writer = os.openpty()

    def forget() -> None:
        try:
            while os.read(reader, 1 << 16):
                """Go on."""
        except OSError:  # the last writer is gone
            return

    thread = threading.Thread(target=forget)
    thread.start()
    try:
        yield writer
    finally:
        thread.join()
        os.close(reader)


def spent_on(tasks: int, vus: int) -> Spent:
    """Run the load with the view."""
    spent = Spent()
    with (
        tempfile.TemporaryDirectory() as directory,
        patch.object(Display, "refresh", spent.timed(Display.refresh)),
        patch.object(LiveFigures, "now", spent.timed(LiveFigures.now)),
        patch.object(LiveFigures, "second", spent.stepped(LiveFigures.second)),
        terminal() as writer,
        os.fdopen(writer, "w") as stream,
        Live(stream, "live-cost") as view,
    ):
        anyio.run(measure, tasks, vus, None, 0.0, Path(directory), View(view, spent))
    return spent


@click.command()
@click.option("--tasks", default=100_000, show_default=True, help="Tasks in all.")
@click.option("--vus", default=200, show_default=True, help="Tasks in flight.")
def main(tasks: int, vus: int) -> None:
    """What the live view costs; exit code 1 when it is 1 % of the load's time or more."""
    spent = spent_on(tasks, vus)
    share = spent.cpu_s / spent.load_s
    held = share < SHARE
    click.echo(
        f"{'✓' if held else '✗'}  live view < {SHARE:.0%} of the load's time: {share:.2%} "
        f"({spent.cpu_s:.2f} s of {spent.load_s:.1f} s)"
    )
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
