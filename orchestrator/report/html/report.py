"""``report.html`` of a run directory, from what is stored in it."""

from pathlib import Path

from orchestrator.report.atomic import atomic_write_text
from orchestrator.report.html.digest import digest
from orchestrator.report.html.page import page
from orchestrator.report.html.stored import StoredRun

FILE_NAME = "report.html"


def write_html(directory: Path) -> Path:
    """Render the run that is stored in ``directory``, and give the path of the page. Raises
    `UsageError` when it is not a whole run directory, OSError when the page cannot be written."""
    run = StoredRun.read(directory)
    text = page(f"{run.summary['run']['name']}: celery-orchestrator", digest(run))
    path = directory / FILE_NAME
    atomic_write_text(path, text)
    return path
