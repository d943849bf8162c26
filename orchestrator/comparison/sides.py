"""BASE and HEAD as they are named -> the stored runs of each side."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.errors import UsageError
from orchestrator.records import label_of
from orchestrator.report.stored import read_summary
from orchestrator.scenario.suggestions import listed

WHOLE = ("series.csv", "tasks.csv.gz", "scenario.yaml")
"""What a run directory has beside its summary."""


@dataclass(frozen=True, slots=True)
class StoredSummary:
    """One run. ``directory`` is None where nothing but its summary was kept."""

    place: Path
    summary: Mapping[str, Any]
    directory: Path | None

    @property
    def id(self) -> str:
        return str(self.summary["run"]["id"])

    @property
    def started_at(self) -> str:
        return str(self.summary["run"]["started_at"])


@dataclass(frozen=True, slots=True)
class Side:
    """The runs that one name stands for, in the order in which they were made. ``varied`` are the
    keys of the scenario that the experiment varies, of which ``name`` chose a combination."""

    name: str
    runs: tuple[StoredSummary, ...]
    varied: frozenset[str] = frozenset()


def read_side(name: str) -> Side:
    """The runs of a run directory, of a ``summary.json``, of an experiment's directory (of a matrix
    one combination, chosen as ``DIR#pool=gevent``), or of a directory that holds any of these.
    Raises `UsageError` when there are none, or more than one combination of a matrix."""
    place, chosen = Path(name), ""
    if not place.exists():
        path, _, chosen = name.rpartition("#")
        place = Path(path or name)
    if not place.exists():
        raise UsageError(f"{place} does not exist: name a run directory or a summary.json")
    found = list(_found(place, chosen))
    runs = {run.id: run for run, _ in found}
    if not runs:
        raise UsageError(f"{place} holds no run: no summary.json in it, nor in what it holds")
    ordered = sorted(runs.values(), key=lambda run: (run.started_at, run.id))
    varied = frozenset(key for _, keys in found for key in keys)
    return Side(name, tuple(ordered), varied)


def in_turns(base: Side, head: Side) -> bool:
    """Whether the runs of the sides were made in turns: neither's all before the other's."""
    if min(len(base.runs), len(head.runs)) < 2:
        return False
    return (
        base.runs[0].started_at < head.runs[-1].started_at
        and head.runs[0].started_at < base.runs[-1].started_at
    )


def _found(place: Path, chosen: str) -> Iterator[tuple[StoredSummary, frozenset[str]]]:
    directory = place if place.is_dir() else place.parent
    if place.is_file() or (place / "summary.json").exists():
        summary = read_summary(place if place.is_file() else directory)
        if summary.get("kind") == "experiment":
            yield from _of_experiment(directory, summary, chosen)
        else:
            if chosen:
                raise UsageError(f"{place} is one run: there is nothing to choose by #{chosen}")
            yield _run(place, summary), frozenset()
        return
    for below in sorted(directory.iterdir()):
        if (below / "summary.json").exists():
            yield from _found(below, chosen)


def _run(place: Path, summary: Mapping[str, Any]) -> StoredSummary:
    directory = place if place.is_dir() else place.parent
    whole = all((directory / name).is_file() for name in WHOLE)
    own = place.is_dir() or place.name == "summary.json"
    return StoredSummary(place, summary, directory if own and whole else None)


def _of_experiment(
    directory: Path, summary: Mapping[str, Any], chosen: str
) -> Iterator[tuple[StoredSummary, frozenset[str]]]:
    row = _chosen_row(directory, summary["rows"], chosen)
    varied = frozenset(row["settings"]) if chosen else frozenset()
    wanted = set(row["runs"])
    for run in summary["runs"]:
        if run["run_id"] in wanted:
            place = directory / Path(run["directory"]).name
            yield _run(place, read_summary(place)), varied


def _chosen_row(directory: Path, rows: list[Mapping[str, Any]], chosen: str) -> Mapping[str, Any]:
    by_label = {label_of(row["axes"]): row for row in rows}
    if not chosen and len(rows) == 1:
        return rows[0]
    if chosen in by_label:
        return by_label[chosen]
    quoted = listed(f"'{directory}#{label}'" for label in by_label)
    what = f"has no combination {chosen!r}" if chosen else f"has {len(rows)} combinations"
    raise UsageError(f"{directory} {what}: name one, {quoted}")
