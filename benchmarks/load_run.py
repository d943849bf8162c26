"""A whole run against the echo worker: how far the orchestrator itself goes.

`python -m benchmarks.load_run --tasks 1000000` prints, for each tenth of the tasks, the rate and
the memory of the orchestrator; `--rate 2000` sends at a fixed rate instead. Both say at the end
whether the laboratory kept its promises. The run is a real one: driver, client, ledger, judge and
run directory; only the worker is the benchmarks' own, which is faster than any.
"""

import resource
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import anyio
import click

from benchmarks.app import app
from benchmarks.laboratory import open_laboratory
from orchestrator.laboratory import Progress as Watcher
from orchestrator.records import Call, Expect, Live, Plan, RunResult, TargetPlan, WorkloadPlan
from orchestrator.report.run_directory import write_run_directory
from orchestrator.run import Run

TENTHS = 10
LAG_MS = 5.0
DRIFT_MS = 2.0
PEAK_MB = 700.0
"""Of the orchestrator, judging and writing included."""
PACE = 0.9


class Progress:
    """Notes how the run stands, once a second."""

    refresh_s: float | None = 1.0

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
    tasks: int,
    vus: int,
    rate: float | None,
    duration_s: float,
    directory: Path,
    progress: Watcher,
) -> RunResult:
    """Run it, judge it, write its run directory."""
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
    return result


def _tenths(progress: Progress, tasks: int) -> list[tuple[int, float, int]]:
    """Tasks so far, their rate since the tenth before, memory in bytes."""
    rows: list[tuple[int, float, int]] = []
    before_s, before = 0.0, 0
    for at_s, completed, rss in progress.samples:
        if completed - before >= tasks / TENTHS:
            rows.append((completed, (completed - before) / (at_s - before_s), rss))
            before_s, before = at_s, completed
    return rows


@dataclass(frozen=True, slots=True)
class Check:
    """A promise of the laboratory's, and what was seen of it."""

    what: str
    seen: str
    held: bool


def checks_of(
    result: RunResult, progress: Progress, *, tasks: int, rate: float | None, peak_bytes: float
) -> list[Check]:
    """For a fixed rate: that the schedule was kept. Else: that neither speed nor memory suffered
    from the number of tasks."""
    judgement = result.judgement
    ok = judgement.counts["ok"]
    checks = [Check("every task ok", f"{ok:,} of {judgement.sent:,}", ok == judgement.sent)]
    lag = judgement.metrics["schedule_lag"]
    if rate is not None and lag.p99_ms is not None:
        offered = judgement.rates["offered_rate"]
        late = _drift_ms(result)
        return [
            *checks,
            Check(
                f"schedule_lag p(99) < {LAG_MS:g} ms", f"{lag.p99_ms:.2f} ms", lag.p99_ms < LAG_MS
            ),
            Check("offered within 1 %", f"{offered:,.1f}/s", abs(offered / rate - 1) <= 0.01),
            Check(f"no drift (< {DRIFT_MS:g} ms)", f"{late:+.2f} ms", abs(late) < DRIFT_MS),
        ]
    rates = [per_s for _, per_s, _ in _tenths(progress, tasks)]
    pace = rates[-1] / rates[0] if len(rates) > 1 else 1.0
    return [
        *checks,
        Check(f"memory < {PEAK_MB:g} MB", f"{peak_bytes / 1e6:.1f} MB", peak_bytes < PEAK_MB * 1e6),
        Check(f"last tenth over first >= {PACE:g}", f"{pace:.2f}", pace >= PACE),
    ]


def _drift_ms(result: RunResult) -> float:
    """How much later tasks were sent at the end than at the start: the medians of the last tenth
    and of the first."""
    lags = [
        (outcome.sent_ns - outcome.intended_ns) / 1e6
        for outcome in result.outcomes
        if outcome.sent_ns is not None and outcome.intended_ns is not None
    ]
    tenth = max(1, len(lags) // TENTHS)
    return median(lags[-tenth:]) - median(lags[:tenth])


@click.command()
@click.option("--tasks", default=1_000_000, show_default=True, help="Tasks in all.")
@click.option("--vus", default=200, show_default=True, help="Tasks in flight.")
@click.option("--rate", type=float, help="Tasks per second instead, for --duration.")
@click.option("--duration", default=60.0, show_default=True, help="Seconds.")
def main(tasks: int, vus: int, rate: float | None, duration: float) -> None:
    """A whole run against the echo worker; exit code 1 when a check does not hold."""
    progress = Progress()
    with tempfile.TemporaryDirectory() as directory:
        result = anyio.run(measure, tasks, vus, rate, duration, Path(directory), progress)
    for completed, per_s, rss in _tenths(progress, tasks):
        click.echo(f"{completed:>10,} tasks  {per_s:>8,.0f}/s  {rss / 1e6:>7.1f} MB")
    cpu_us = result.orchestrator_cpu_s / max(1, result.judgement.sent) * 1e6
    click.echo(f"orchestrator CPU: {cpu_us:.0f} us a task")
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0
    checks = checks_of(result, progress, tasks=tasks, rate=rate, peak_bytes=peak_bytes)
    for check in checks:
        click.echo(f"{'✓' if check.held else '✗'}  {check.what}: {check.seen}")
    sys.exit(0 if all(check.held for check in checks) else 1)


if __name__ == "__main__":
    main()
