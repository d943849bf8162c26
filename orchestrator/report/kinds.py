"""The kinds of report, by the names that ``--report`` takes.

A kind is a module with a ``KIND``; adding one is that module and a line here. They are imported
when they are wanted, so that the command line can name them for nothing."""

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from orchestrator.report.stored import Subject

KINDS: Mapping[str, str] = {
    "html": "orchestrator.report.html.report",
    "junit": "orchestrator.report.junit",
    "md": "orchestrator.report.markdown",
    "csv": "orchestrator.report.csv_files",
    "metrics": "orchestrator.report.openmetrics",
}


class ReportKind(Protocol):
    """Something that can be made of what is stored of a run, of an experiment or of a capacity."""

    @property
    def subjects(self) -> "frozenset[Subject]":
        """What it can be made of."""

    @property
    def needs_data(self) -> bool:
        """Whether it is made of a run's rows (``series.csv``, ``tasks.csv.gz``), and not of its
        summary alone."""

    def write(self, directory: Path, summary: Mapping[str, Any]) -> Sequence[Path]:
        """Write its files into ``directory``, whose summary is given; gives their paths.

        The same stored data give the same bytes. Raises `UsageError` when a stored file is missing
        or damaged, OSError when a file cannot be written."""


def kind(name: str) -> ReportKind:
    """The kind of that name, one of `KINDS`."""
    found: ReportKind = importlib.import_module(KINDS[name]).KIND
    return found
