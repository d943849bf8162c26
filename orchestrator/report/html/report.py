"""``report.html`` of a run, an experiment or a capacity, from what is stored in its directory."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestrator.report.atomic import atomic_write_text
from orchestrator.report.html.capacity import capacity_data
from orchestrator.report.html.digest import digest
from orchestrator.report.html.experiment import experiment_data
from orchestrator.report.html.page import page
from orchestrator.report.kinds import ReportKind
from orchestrator.report.stored import StoredRun, Subject, read_stored, subject_of

FILE_NAME = "report.html"


class Html:
    """The report kind ``html``."""

    subjects: frozenset[Subject] = frozenset({"run", "experiment", "capacity"})
    needs_data = True

    def write(self, directory: Path, summary: Mapping[str, Any]) -> Sequence[Path]:
        name, data = _rendered(directory, summary)
        path = directory / FILE_NAME
        atomic_write_text(path, page(f"{name}: celery-orchestrator", data))
        return [path]


KIND: ReportKind = Html()


def write_html(directory: Path) -> Path:
    """Render what is stored in ``directory``, and give the path of the page. Raises `UsageError`
    when it is no whole run directory, no experiment's and no capacity's, OSError when the page
    cannot be written."""
    (path,) = KIND.write(directory, read_stored(directory))
    return path


def _rendered(directory: Path, summary: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    subject = subject_of(summary)
    if subject == "experiment":
        return summary["experiment"]["name"], experiment_data(directory, summary)
    if subject == "capacity":
        return summary["name"], capacity_data(summary)
    return summary["run"]["name"], digest(StoredRun.read(directory, summary))
