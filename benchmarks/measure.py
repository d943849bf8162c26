"""Runs experiments one after the other; what goes wrong in one is said in its rows."""

import platform
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import anyio
import psutil

from benchmarks.laboratory import Laboratory, open_laboratory
from benchmarks.records import (
    BenchmarkError,
    Effort,
    Experiment,
    Fact,
    Figure,
    Findings,
    Report,
    RowSkipped,
    Status,
    WrongResult,
)
from benchmarks.rounds import figure_of
from orchestrator.errors import OrchestratorError

Progress = Callable[[str], None]

EXPERIMENT_S = 400.0
"""The most that one experiment may take."""


async def measure(
    chosen: Iterable[tuple[Experiment, frozenset[str]]], effort: Effort, progress: Progress
) -> Report:
    """Open the laboratory, run the experiments, close it.

    Raises what `open_redis` raises, and `BrokerUnavailable` when the server dies.
    """
    try:
        return await _measure(chosen, effort, progress)
    except BaseExceptionGroup as group:
        raise _innermost(group) from group


async def _measure(
    chosen: Iterable[tuple[Experiment, frozenset[str]]], effort: Effort, progress: Progress
) -> Report:
    begun, started_at = time.monotonic(), datetime.now(UTC)
    figures: list[Figure] = []
    facts: list[Fact] = []
    notes: list[str] = []
    async with open_laboratory() as laboratory:
        for experiment, wanted in chosen:
            progress(f"{experiment.name} ...")
            since = time.monotonic()
            found, findings = await _one(laboratory, experiment, wanted, effort)
            figures += found
            facts += findings.facts
            notes += findings.notes
            progress(f"{experiment.name}: {time.monotonic() - since:.1f} s")
        environment = _environment(laboratory)
    return Report(
        started_at=started_at.isoformat(timespec="seconds"),
        duration_s=time.monotonic() - begun,
        effort=effort,
        environment=environment,
        figures=tuple(figures),
        facts=tuple(facts),
        notes=tuple(notes),
    )


async def _one(
    laboratory: Laboratory, experiment: Experiment, wanted: frozenset[str], effort: Effort
) -> tuple[list[Figure], Findings]:
    rows = [row for row in experiment.rows if row.name in wanted]
    status: Status
    try:
        with anyio.fail_after(EXPERIMENT_S):
            findings = await _unwrapped(experiment, laboratory, effort, wanted)
        judged = effort.scale >= 1
        return [figure_of(row, findings.values[row.name], judged=judged) for row in rows], findings
    except RowSkipped as exc:
        status, reason = "skipped", str(exc)
    except WrongResult as exc:
        status, reason = "wrong", str(exc)
    except TimeoutError:
        status, reason = "failed", f"not done in {EXPERIMENT_S:g} s"
    except (BenchmarkError, OrchestratorError) as exc:
        status, reason = "failed", str(exc)
    finally:
        with anyio.move_on_after(5, shield=True):
            await laboratory.clear()
    return [Figure(row, status, reason=reason) for row in rows], Findings({})


async def _unwrapped(
    experiment: Experiment, laboratory: Laboratory, effort: Effort, wanted: frozenset[str]
) -> Findings:
    """What went wrong is raised as itself, not in the groups of the task groups it came through."""
    try:
        return await experiment.run(laboratory, effort, wanted)
    except BaseExceptionGroup as group:
        raise _innermost(group) from group


def _innermost(group: BaseExceptionGroup[BaseException]) -> BaseException:
    inner: BaseException = group
    while isinstance(inner, BaseExceptionGroup) and len(inner.exceptions) == 1:
        inner = inner.exceptions[0]
    return inner


def _environment(laboratory: Laboratory) -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        **{name: version(name) for name in ("celery", "kombu", "redis", "hiredis", "orjson")},
        "orchestrator": version("celery-orchestrator"),
        "server": f"{laboratory.info.kind} {laboratory.info.version}",
        "cores": str(laboratory.cores),
        "cpus": psutil.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "system": platform.platform(terse=True),
    }
