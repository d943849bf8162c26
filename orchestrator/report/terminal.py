"""What all that is printed at the end of a command has in common: the console, tables, colours."""

from collections.abc import Iterable, Mapping
from typing import TextIO

from rich.console import Console
from rich.table import Table

from orchestrator.errors import ExitCode

PLAIN_WIDTH = 80
GOOD, BAD, QUIET, HEAD = "green", "bold red", "dim", "bold"
MEANINGS: Mapping[int, str] = {
    ExitCode.PASSED: "every result verified, every threshold held",
    ExitCode.THRESHOLD_FAILED: "a threshold failed",
    ExitCode.USAGE: "the scenario cannot be used",
    ExitCode.ENVIRONMENT: "the environment broke down",
    ExitCode.BUG: "a bug in celery-orchestrator",
    ExitCode.VERIFICATION_FAILED: "verification failed",
    ExitCode.INTERRUPTED: "interrupted",
    ExitCode.TERMINATED: "terminated",
}


def console_for(file: TextIO, width: int | None) -> Console:
    console = Console(file=file, highlight=False, markup=False, emoji=False, width=width)
    if width is None and not console.is_terminal:
        console.width = PLAIN_WIDTH
    return console


def grid(
    columns: int, *headers: str, right: Iterable[int] = (), whole: Iterable[int] = ()
) -> Table:
    """A table without lines; the columns in ``right`` hold figures; those and the ones in ``whole``
    are never folded."""
    table = Table(
        box=None,
        show_header=bool(headers),
        header_style=QUIET,
        pad_edge=False,
        padding=(0, 2, 0, 0),
    )
    figures_in = set(right)
    unfolded = {*figures_in, *whole}
    for index in range(columns):
        table.add_column(
            headers[index] if headers else "",
            justify="right" if index in figures_in else "left",
            no_wrap=index in unfolded,
            overflow="fold",
        )
    return table
