"""What a run says on stderr while it works: a live view on a terminal, plain lines elsewhere."""

import logging
import os
import sys
import time
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console

    from orchestrator.cli.live_view import Picture
    from orchestrator.records import Live as Snapshot

PLAIN_INTERVAL_S = 5.0
LIVE_INTERVAL_S = 0.25
REDRAWS_PER_S = 4


def open_progress(
    *, quiet: bool, verbose: bool = False, name: str = "", stream: TextIO | None = None
) -> "Silent | Live | Plain":
    """The kind of progress that fits the place: none, live on a terminal, or plain lines (CI,
    pipes). ``verbose`` asks for a plain line each second, and for the log of our own code. ``name``
    is what is run."""
    stream = stream or sys.stderr
    if quiet:
        return Silent()
    if verbose:
        logging.basicConfig(stream=stream, format="%(name)s: %(message)s")
        logging.getLogger("orchestrator").setLevel(logging.INFO)
        return Plain(stream, interval_s=1.0)
    if stream.isatty() and not os.environ.get("CI") and os.environ.get("TERM") != "dumb":
        return Live(stream, name)
    return Plain(stream)


class Silent(AbstractContextManager["Silent"]):
    """Says nothing."""

    refresh_s: float | None = None
    detailed = False

    def phase(self, text: str) -> None:
        pass

    def tick(self, live: "Snapshot") -> None:
        pass

    def __exit__(self, *exc: object) -> None:
        pass


class Plain(AbstractContextManager["Plain"]):
    """One line for each phase, and one every few seconds of load."""

    def __init__(self, stream: TextIO, *, interval_s: float = PLAIN_INTERVAL_S) -> None:
        self.detailed = interval_s < PLAIN_INTERVAL_S
        """Whether it has room for every phase of every run of many."""
        self._stream = stream
        self._began = time.monotonic()
        self.refresh_s: float | None = interval_s

    def phase(self, text: str) -> None:
        print(f"[{time.monotonic() - self._began:6.1f} s] {text}", file=self._stream, flush=True)

    def tick(self, live: "Snapshot") -> None:
        from orchestrator.cli.live_view import load_line

        self.phase(load_line(live))

    def __exit__(self, *exc: object) -> None:
        pass


class _Above(logging.Handler):
    """What our own code logs, above the view and not across it."""

    def __init__(self, console: "Console") -> None:
        super().__init__(logging.WARNING)
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        self._console.print(record.getMessage(), soft_wrap=True)


class Live(AbstractContextManager["Live"]):
    """A view that is kept up to date, gone when the run is over.

    It is drawn by a thread of rich's, a few times a second, from the last snapshot; the load only
    leaves that snapshot behind. The width is the terminal's at each drawing."""

    refresh_s: float | None = LIVE_INTERVAL_S
    detailed = True

    def __init__(self, stream: TextIO, name: str = "") -> None:
        from rich.console import Console
        from rich.live import Live as Display

        self._name = name
        self._phase = ""
        self._live: Snapshot | None = None
        self._began = time.monotonic()
        self._console = Console(file=stream, highlight=False, markup=False, emoji=False)
        self._display = Display(
            get_renderable=self._picture,
            console=self._console,
            refresh_per_second=REDRAWS_PER_S,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> "Live":
        self._display.start()
        self._log = _Above(self._console)
        logging.getLogger("orchestrator").addHandler(self._log)
        return self

    def phase(self, text: str) -> None:
        self._phase, self._live = text, None

    def tick(self, live: "Snapshot") -> None:
        self._live = live

    def _picture(self) -> "Picture":
        from orchestrator.cli.live_view import picture

        elapsed_s = time.monotonic() - self._began
        return picture(self._name, self._phase, elapsed_s, self._live, self._console.width)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        logging.getLogger("orchestrator").removeHandler(self._log)
        self._display.stop()
