"""From what is stored in a directory to its reports."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from orchestrator.errors import UsageError
from orchestrator.report.kinds import KINDS, kind
from orchestrator.report.stored import (
    DATA_FILES,
    Subject,
    has_data,
    read_stored,
    subject_of,
)

ARTICLES: Mapping[Subject, str] = {
    "run": "a run",
    "experiment": "an experiment",
    "capacity": "a capacity",
}


def render(directory: Path, names: Collection[str] | None = None) -> list[Path]:
    """Write the reports of these kinds (by default all that can be made of what is there) into
    ``directory``; gives the paths of their files.

    Raises `UsageError` when a kind cannot be made of what is stored there, OSError when a file
    cannot be written."""
    summary = read_stored(directory)
    subject = subject_of(summary)
    possible = _possible(directory, subject)
    for name in names or ():
        if name not in possible:
            raise UsageError(_refusal(directory, name, subject, possible))
    chosen = (name for name in possible if names is None or name in names)
    return [path for name in chosen for path in kind(name).write(directory, summary)]


def left_out(directory: Path) -> list[str]:
    """The kinds that could be made of such a directory if its rows had been kept."""
    subject = subject_of(read_stored(directory))
    possible = _possible(directory, subject)
    return [name for name in KINDS if subject in kind(name).subjects and name not in possible]


def made_of(subject: Subject, names: Collection[str] | None) -> list[str] | None:
    """Those of ``names`` that there are of such a subject; None, which is all, stays None."""
    if names is None:
        return None
    return [name for name in names if subject in kind(name).subjects]


def check_kinds(subject: Subject, names: Collection[str] | None) -> None:
    """Raises `UsageError` for one that there is not of such a subject."""
    there = ", ".join(name for name in KINDS if subject in kind(name).subjects)
    for name in names or ():
        if subject not in kind(name).subjects:
            raise UsageError(f"there is no {name} report of {ARTICLES[subject]}; there are {there}")


def need_data(names: Iterable[str]) -> bool:
    """Whether one of these kinds needs the rows of a run."""
    return any(kind(name).needs_data for name in names)


def _possible(directory: Path, subject: Subject) -> list[str]:
    made = [name for name in KINDS if subject in kind(name).subjects]
    if subject != "run" or has_data(directory):
        return made
    return [name for name in made if not kind(name).needs_data]


def _refusal(directory: Path, name: str, subject: Subject, possible: Sequence[str]) -> str:
    there = f"there are {', '.join(possible)}"
    if subject in kind(name).subjects:
        return (
            f"{directory} was stored without {' and '.join(DATA_FILES)}, which {name} is made of "
            f"(`run --report csv` keeps them); {there}"
        )
    return f"there is no {name} report of {ARTICLES[subject]}; {there}"
