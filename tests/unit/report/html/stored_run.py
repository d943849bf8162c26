"""Run directories for the HTML report's tests, written by the writers that a run uses."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from orchestrator.records import Outcome
from orchestrator.report.run_directory import write_run_directory
from orchestrator.report.stored import StoredRun, read_summary
from tests.unit.report.result_factory import S, make_result, make_task

HOSTILE = "</script><img src=x onerror=alert(1)>\u202egnp\x00" + "x" * 10_000


def store(directory: Path, outcomes: Sequence[Outcome] | None = None, **changes: Any) -> StoredRun:
    """Write a run and read it back; its load began at one second of the clock."""
    result = make_result(outcomes, load_started_ns=S, **changes)
    write_run_directory(result, directory)
    return StoredRun.read(directory, read_summary(directory))


def failing_tasks() -> list[Outcome]:
    """Twenty good tasks, three wrong ones, and one of which no result came."""
    wrong = [make_task(20 + n, matched=False, reason=f"expected {n}, got 9") for n in range(3)]
    lost = make_task(23, seen_ns=None, results=0, state="PENDING", matched=None)
    return [*(make_task(number) for number in range(20)), *wrong, lost]
