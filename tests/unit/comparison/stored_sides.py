"""Run directories of both sides of a comparison, and experiments of them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from orchestrator.comparison.measured import MeasuredSide
from orchestrator.comparison.sides import read_side
from orchestrator.records import Outcome
from orchestrator.report.run_directory import write_run_directory
from orchestrator.report.stored import StoredRun, read_summary
from tests.unit.report.result_factory import (
    MS,
    S,
    make_plan,
    make_result,
    make_sample,
    make_task,
)

TASKS = 1000
SOURCE: Mapping[str, Any] = {
    "version": 1,
    "name": "naps",
    "workers": {"add": {"queues": ["add"], "pool": "threads"}},
    "workloads": {"sums": {"executor": "constant-vus", "canvas": {"task": "add", "args": [1, 2]}}},
}


def tasks(slower: float = 1.0, jitter: int = 0) -> list[Outcome]:
    """One task every 10 ms for ten seconds; a task runs for some 13 ms, ``slower`` times as
    long."""
    made = []
    for number in range(TASKS):
        begin_ns = S + number * 10 * MS
        started_ns = begin_ns + 7 * MS
        pace = 13 + (number * 7 + jitter) % 13 / 10
        finished_ns = started_ns + round(pace * slower * MS)
        made.append(
            make_task(
                number, intended_ns=begin_ns, sent_ns=begin_ns + MS, published_ns=begin_ns + 2 * MS,
                received_ns=begin_ns + 4 * MS, started_ns=started_ns, finished_ns=finished_ns,
                seen_ns=finished_ns + 2 * MS,
            )
        )  # fmt: skip
    return made


def stored(
    directory: Path,
    number: int = 1,
    *,
    slower: float = 1.0,
    source: Mapping[str, Any] = SOURCE,
    others: float | None = 0.0,
    outcomes: Sequence[Outcome] | None = None,
    **changes: Any,
) -> StoredRun:
    """A run of ten seconds that began ``number`` minutes after ten."""
    samples = [
        replace(make_sample(second), others_cpu_ratio=others if second else None)
        for second in range(11)
    ]
    result = make_result(
        tasks(slower, number) if outcomes is None else outcomes,
        changes.pop("plan", make_plan(source=source)),
        id=changes.pop("id", f"run{number}"),
        started_at=f"2026-11-22T10:{number:02}:00+00:00",
        samples=changes.pop("samples", samples),
        load_started_ns=S,
        **changes,
    )
    write_run_directory(result, directory, ["csv"])
    return StoredRun.read(directory, read_summary(directory))


def repeats(directory: Path, numbers: range, *, slower: float = 1.0, scatter: float = 0.02) -> Path:
    """A directory with a run for each number; they lie ``scatter`` apart."""
    for number in numbers:
        pace = slower * (1 + scatter * (number % 3 - 1))
        stored(directory / f"run-{number}", number, slower=pace)
    return directory


def experiment(directory: Path, rows: Mapping[str, range]) -> Path:
    """An experiment's directory: for each pool its runs."""
    runs, table = [], []
    for pool, numbers in rows.items():
        source = {**SOURCE, "workers": {"add": {"queues": ["add"], "pool": pool}}}
        for number in numbers:
            stored(directory / f"run-{number}", number, source=source)
            runs.append({"run_id": f"run{number}", "directory": f"run-{number}"})
        table.append(
            {
                "axes": {"pool": pool} if len(rows) > 1 else {},
                "settings": {"workers.add.pool": pool} if len(rows) > 1 else {},
                "runs": [f"run{number}" for number in numbers],
            }
        )
    document = {
        "version": 1, "kind": "experiment", "experiment": {"name": "pools"}, "rows": table,
        "runs": runs,
    }  # fmt: skip
    (directory / "summary.json").write_text(json.dumps(document))
    return directory


def side(place: Path) -> MeasuredSide:
    """What `compare` takes."""
    return MeasuredSide(read_side(str(place)))
