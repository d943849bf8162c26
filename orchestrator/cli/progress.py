"""What a run says on stderr while it works: one live line on a terminal, plain lines elsewhere."""

import logging
import os
import sys
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TextIO

from rich.console import Console
from rich.status import Status

from orchestrator.records import Sample

PLAIN_INTERVAL_S = 5.0


def open_progress(
    *, quiet: bool, verbose: bool = False, stream: TextIO | None = None
) -> "Silent | Live | Plain":
    """The kind of progress that fits the place: none, live on a terminal, or plain lines (CI,
    pipes). ``verbose`` asks for a plain line each second, and for the log of our own code."""
    stream = stream or sys.stderr
    if quiet:
        return Silent()
    if verbose:
        logging.basicConfig(stream=stream, format="%(name)s: %(message)s")
        logging.getLogger("orchestrator").setLevel(logging.INFO)
        return Plain(stream, interval_s=0.0)
    if stream.isatty() and not os.environ.get("CI") and os.environ.get("TERM") != "dumb":
        return Live(stream)
    return Plain(stream)


class Silent(AbstractContextManager["Silent"]):
    """Says nothing."""

    def phase(self, text: str) -> None:
        pass

    def tick(self, sample: Sample, totals: Mapping[str, int]) -> None:
        pass

    def __exit__(self, *exc: object) -> None:
        pass


class Plain(AbstractContextManager["Plain"]):
    """One line for each phase, and one every few seconds of load."""

    def __init__(self, stream: TextIO, *, interval_s: float = PLAIN_INTERVAL_S) -> None:
        self._stream = stream
        self._began = time.monotonic()
        self._interval_s = self._next_s = interval_s

    def phase(self, text: str) -> None:
        print(f"[{time.monotonic() - self._began:6.1f} s] {text}", file=self._stream, flush=True)

    def tick(self, sample: Sample, totals: Mapping[str, int]) -> None:
        if sample.at_s >= self._next_s:
            self._next_s = sample.at_s + self._interval_s
            self.phase(load_line(sample, totals))

    def __exit__(self, *exc: object) -> None:
        pass


class Live(AbstractContextManager["Live"]):
    """One line that is kept up to date, gone when the run is over."""

    def __init__(self, stream: TextIO) -> None:
        self._status = Status("", console=Console(file=stream), refresh_per_second=6)

    def __enter__(self) -> "Live":
        self._status.start()
        return self

    def phase(self, text: str) -> None:
        self._status.update(text)

    def tick(self, sample: Sample, totals: Mapping[str, int]) -> None:
        self._status.update(load_line(sample, totals))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._status.stop()


def load_line(sample: Sample, totals: Mapping[str, int]) -> str:
    """How the load stands: totals so far, the last second's rate, and what waits."""
    backlog = sum(depth for queue, depth in sample.backlog.items() if queue != "unacked")
    parts = [
        f"{sample.at_s:.0f} s",
        f"{sample.completed}/s",
        f"done {totals['completed']}/{totals['sent']}",
        f"failed {totals['failed']}",
        f"in flight {sample.in_flight}",
        f"backlog {backlog}",
    ]
    return "  ".join(parts)
