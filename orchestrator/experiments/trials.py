"""Which runs an experiment makes, in which order, and what is kept of each."""

from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

from orchestrator.records import Figure, RunResult, Trial


def schedule(variants: int, repeats: int, seed: int) -> list[tuple[int, int]]:
    """(position of the variant, number of its repeat), in a random order that the seed fixes: what
    drifts while an experiment runs (heat, other people's load) then falls on all of them alike.

    Every combination is run once before any is run again."""
    random = Random(seed)
    order: list[tuple[int, int]] = []
    for repeat in range(1, repeats + 1):
        round_of = [(variant, repeat) for variant in range(variants)]
        random.shuffle(round_of)
        order += round_of
    return order


def trial_of(
    result: RunResult, settings: Mapping[str, Any], *, number: int, repeat: int, directory: Path
) -> Trial:
    """What is kept of a run; its outcomes are in its run directory."""
    return Trial(
        number=number,
        repeat=repeat,
        settings=settings,
        run_id=result.id,
        directory=directory.name,
        exit_code=result.exit_code,
        partial=result.partial,
        figures=_figures(result),
        verdicts=dict(result.judgement.counts),
        thresholds=result.judgement.thresholds,
    )


def _figures(result: RunResult) -> dict[Figure, float | None]:
    judgement = result.judgement
    duration = judgement.metrics["task_duration"]
    tasks = sum(pool.tasks for pool in result.pools)
    cpu_s = [pool.cpu_s for pool in result.pools if pool.cpu_s is not None]
    rss_bytes = [pool.rss_max_bytes for pool in result.pools if pool.rss_max_bytes is not None]
    return {
        "throughput_per_s": judgement.rates.get("throughput"),
        "p50_ms": duration.p50_ms,
        "p95_ms": duration.p95_ms,
        "p99_ms": duration.p99_ms,
        "worker_cpu_s_per_1000_tasks": sum(cpu_s) / tasks * 1000 if cpu_s and tasks else None,
        "worker_rss_max_bytes": float(sum(rss_bytes)) if rss_bytes else None,
    }
