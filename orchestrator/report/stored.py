"""What a run directory holds, read back: the summary, the series, the tasks, the scenario.

Reports are made from these files and from nothing else, so a report that is rendered a year later
says what the first one said."""

import csv
import gzip
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal, NamedTuple

from orchestrator.errors import UsageError
from orchestrator.report.summary import VERSION
from orchestrator.report.tasks_csv import POINTS

Column = list[float | None]
Subject = Literal["run", "experiment", "capacity"]
"""What a summary may be of."""
DATA_FILES = ("series.csv", "tasks.csv.gz")


@dataclass(frozen=True, slots=True)
class StoredSeries:
    """``series.csv`` in columns. ``backlog`` is by queue; ``cpu`` (cores) and ``rss`` (bytes) by
    pool, our own under ``orchestrator``; ``others`` (cores) is what processes used that are not
    ours. None where it was not known."""

    at_s: Column
    sent: Column
    completed: Column
    failed: Column
    in_flight: Column
    backlog: Mapping[str, Column]
    cpu: Mapping[str, Column]
    rss: Mapping[str, Column]
    others: Column


class StoredTask(NamedTuple):
    """One row of ``tasks.csv.gz``. Points are in ms since the start of the load. ``state`` is
    Celery's; ``measured`` is false in the warm-up."""

    id: str
    task: str
    queue: str
    worker: str
    workload: str
    iteration: str
    verdict: str
    reason: str
    intended: float | None
    sent: float | None
    published: float | None
    received: float | None
    started: float | None
    finished: float | None
    seen: float | None
    state: str = ""
    retries: int = 0
    measured: bool = True


def read_stored(directory: Path) -> Mapping[str, Any]:
    """``summary.json`` of a run, an experiment or a capacity. Raises `UsageError` as `read_summary`
    does."""
    return _read(directory, {"verdicts", "experiment", "steps"})


def subject_of(summary: Mapping[str, Any]) -> Subject:
    """What a summary is of."""
    kind = summary.get("kind", "run")
    return kind if kind in ("experiment", "capacity") else "run"


def runs_of(
    directory: Path, summary: Mapping[str, Any]
) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any] | None]]:
    """The runs of an experiment: what its summary says of each, and the run's own summary; None
    where that is gone."""
    for run in summary["runs"]:
        try:
            own = read_summary(directory / Path(run["directory"]).name)
        except UsageError:
            own = None
        yield run, own


def has_data(directory: Path) -> bool:
    """Whether the rows of a run were kept, and not its summary alone."""
    return all((directory / name).is_file() for name in DATA_FILES)


def read_summary(place: Path) -> Mapping[str, Any]:
    """``summary.json``, of a run or of an experiment; ``place`` is its directory, or the file
    itself. Raises `UsageError` when there is none, or one of a version that is not ours."""
    return _read(place, {"verdicts", "experiment"})


def _read(place: Path, subjects: set[str]) -> Mapping[str, Any]:
    path = place / "summary.json" if place.is_dir() else place
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise _incomplete(place, exc) from exc
    except ValueError as exc:
        raise UsageError(f"{path} is damaged: {exc}") from exc
    parts = summary if isinstance(summary, dict) else {}
    if parts.get("version") != VERSION or not subjects & parts.keys():
        raise UsageError(f"{path} is not a summary of ours, version {VERSION}")
    return parts


def _incomplete(directory: Path, error: OSError) -> UsageError:
    return UsageError(
        f"{directory} is not a whole run directory: {error.filename}: {error.strerror}"
    )


def first_known(*points: float | None) -> float | None:
    """The first of ``points`` that anybody saw."""
    return next((point for point in points if point is not None), None)


@dataclass(frozen=True, slots=True)
class StoredRun:
    """One run directory."""

    directory: Path
    summary: Mapping[str, Any]
    series: StoredSeries
    scenario: str

    @classmethod
    def read(cls, directory: Path, summary: Mapping[str, Any]) -> "StoredRun":
        """Read all but the tasks; ``summary`` is from `read_summary`. Raises `UsageError` when it
        is not a whole run directory."""
        try:
            with (directory / "series.csv").open(encoding="utf-8", newline="") as file:
                series = _series(list(csv.reader(file)))
            scenario = (directory / "scenario.yaml").read_text(encoding="utf-8")
        except OSError as exc:
            raise _incomplete(directory, exc) from exc
        except (ValueError, IndexError, KeyError) as exc:
            raise UsageError(f"{directory}: a file of the run is damaged: {exc}") from exc
        return cls(directory, summary, series, scenario)

    def tasks(self) -> Iterator[StoredTask]:
        """Every task, in the order in which they were sent; never all of them in memory. Raises
        `UsageError` when the file is missing or damaged."""
        path = self.directory / "tasks.csv.gz"
        try:
            with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
                rows = csv.reader(file)
                place = {name: index for index, name in enumerate(next(rows, []))}
                words = itemgetter(*(place[name] for name in StoredTask._fields[:8]))
                points = itemgetter(*(place[f"{name}_ms"] for name in POINTS))
                state, retries = place["state"], place["retries"]
                measured = place.get("measured")  # not in the files of early runs
                for row in rows:
                    yield StoredTask._make(
                        (
                            *words(row),
                            *[float(at) if at else None for at in points(row)],
                            row[state],
                            int(row[retries]),
                            measured is None or row[measured] == "1",
                        )
                    )
        except OSError as exc:
            raise UsageError(f"{path} cannot be read: {exc.strerror or exc}") from exc
        except (EOFError, zlib.error, ValueError, KeyError, IndexError) as exc:
            raise UsageError(f"{path} is damaged: {exc}") from exc


def _series(rows: Sequence[Sequence[str]]) -> StoredSeries:
    header, *body = rows
    columns: list[Column] = [
        [float(cell) if cell else None for cell in column]
        for column in (zip(*body, strict=True) if body else ([] for _ in header))
    ]
    # By their places: a pool may have any name, also one of these. The last one came later.
    ends = len(header) - (3 if header[-1] == "others_cpu_ratio" else 2)
    own_cpu, own_rss, *others = columns[ends:]
    named = dict(zip(header[:ends], columns[:ends], strict=True))
    return StoredSeries(
        at_s=named["at_s"],
        sent=named["sent_count"],
        completed=named["completed_count"],
        failed=named["failed_count"],
        in_flight=named["in_flight_count"],
        backlog=_part(named, "backlog_", "_count"),
        cpu={**_part(named, "", "_cpu_ratio"), "orchestrator": own_cpu},
        rss={**_part(named, "", "_rss_bytes"), "orchestrator": own_rss},
        others=others[0] if others else [None] * len(body),
    )


def _part(named: Mapping[str, Column], prefix: str, suffix: str) -> dict[str, Column]:
    return {
        name[len(prefix) : -len(suffix)]: column
        for name, column in named.items()
        if name.startswith(prefix) and name.endswith(suffix)
    }
