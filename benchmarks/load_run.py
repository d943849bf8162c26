"""A whole run against the echo worker: how far the orchestrator itself goes.

`python -m benchmarks.load_run --tasks 1000000` prints, for each tenth of the tasks, the rate and
the memory of the orchestrator, then what judging and reporting took; `--rate 2000` sends at a fixed
rate instead and prints the schedule lag. The run is a real one: driver, client, ledger, judge and
run directory; only the worker is the benchmarks' own, which is faster than any.
"""

import resource
import sys
import tempfile
import time
from pathlib import Path

import anyio
import click

from benchmarks.app import app
from benchmarks.laboratory import open_laboratory
from orchestrator.records import Call, Expect, Live, Plan, RunResult, TargetPlan, WorkloadPlan
from orchestrator.report.run_directory import write_run_directory
from orchestrator.run import Run

TENTHS = 10


class Progress:
    """Notes how the run stands, once a second."""

    refresh_s = 1.0

    def __init__(self) -> None:
        self.samples: list[tuple[float, int, int]] = []

    def phase(self, text: str) -> None:
        click.echo(f"{text} ...", err=True)

    def tick(self, live: Live) -> None:
        self.samples.append((live.elapsed_s, live.completed, live.own_rss_bytes))


def plan_of(
    broker: str, results: str, *, tasks: int, vus: int, rate: float | None, duration_s: float
) -> Plan:
    """One workload of single adds, each checked by value."""
    keys: dict[str, object] = {"executor": "shared-iterations", "iterations": tasks, "vus": vus}
    if rate is not None:
        keys = {
            "executor": "constant-arrival-rate",
            "rate_per_s": rate,
            "duration_s": duration_s,
            "max_in_flight": 100_000,
        }
    canvas = Call("benchmarks.add", args=(1, 2), expect=Expect("value", 3))
    return Plan(
        name="load-run",
        app="benchmarks.app:app",
        seed=0,
        target=TargetPlan(broker, results),
        pools=(),
        workloads=(WorkloadPlan("adds", canvas=canvas, max_duration_s=3600.0, **keys),),  # type: ignore[arg-type]
        thresholds=(),
        warmup_s=0.0,
        source={},
    )


async def measure(
    tasks: int, vus: int, rate: float | None, duration_s: float, directory: Path
) -> tuple[RunResult, Progress]:
    """Run it, judge it, write its run directory."""
    progress = Progress()
    async with open_laboratory() as laboratory, laboratory.echo_worker():
        info = laboratory.info
        plan = plan_of(
            info.url, info.results_url, tasks=tasks, vus=vus, rate=rate, duration_s=duration_s
        )
        run = Run(plan, app, directory, "load", progress)
        result = await run.execute()
    began = time.monotonic()
    write_run_directory(result, directory)
    click.echo(f"written in {time.monotonic() - began:.1f} s", err=True)
    return result, progress


def _tenths(progress: Progress, tasks: int) -> list[tuple[int, float, int]]:
    """Tasks so far, their rate since the tenth before, memory in bytes."""
    rows: list[tuple[int, float, int]] = []
    before_s, before = 0.0, 0
    for at_s, completed, rss in progress.samples:
        if completed - before >= tasks / TENTHS:
            rows.append((completed, (completed - before) / (at_s - before_s), rss))
            before_s, before = at_s, completed
    return rows


@click.command()
@click.option("--tasks", default=1_000_000, show_default=True, help="Tasks in all.")
@click.option("--vus", default=200, show_default=True, help="Tasks in flight.")
@click.option("--rate", type=float, help="Tasks per second instead, for --duration.")
@click.option("--duration", default=60.0, show_default=True, help="Seconds.")
def main(tasks: int, vus: int, rate: float | None, duration: float) -> None:
    """A whole run against the echo worker."""
    with tempfile.TemporaryDirectory() as directory:
        result, progress = anyio.run(measure, tasks, vus, rate, duration, Path(directory))
    judgement = result.judgement
    for completed, per_s, rss in _tenths(progress, tasks):
        click.echo(f"{completed:>10,} tasks  {per_s:>8,.0f}/s  {rss / 1e6:>7.1f} MB")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    lag = judgement.metrics["schedule_lag"]
    click.echo(f"{judgement.counts['ok']:,} ok of {judgement.sent:,}, exit code {result.exit_code}")
    click.echo(f"highest memory, judging and writing included: {peak / 1e6:.1f} MB")
    cpu_us = result.orchestrator_cpu_s / max(1, judgement.sent) * 1e6
    click.echo(f"orchestrator CPU: {cpu_us:.0f} us a task")
    if lag.p50_ms is not None and lag.p99_ms is not None:
        click.echo(f"schedule lag: p50 {lag.p50_ms:.2f} ms, p99 {lag.p99_ms:.2f} ms")
    click.echo(f"offered: {judgement.rates['offered_rate']:,.1f}/s")
    sys.exit(0 if judgement.counts["ok"] == judgement.sent else 1)


if __name__ == "__main__":
    main()
