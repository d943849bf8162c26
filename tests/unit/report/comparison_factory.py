"""A `Comparison` for the reports' tests: HEAD is slower, and has lost a task."""

from dataclasses import replace
from typing import Any

from orchestrator.records import (
    VERDICTS,
    Comparison,
    EnvironmentChange,
    FigureChange,
    FigureKey,
    GateResult,
    Interval,
    Meaning,
    Mismatch,
    RunReference,
    SideSummary,
    ThresholdChange,
)


def make_figure(key: FigureKey, base: float, head: float, meaning: Meaning) -> FigureChange:
    change = head / base - 1
    interval = None if meaning == "unknown" else Interval(change, change - 0.05, change + 0.05)
    return FigureChange(key, base, head, interval, meaning)


HEADLINE = (
    make_figure(FigureKey("throughput", "rate"), 142.0, 118.0, "worse"),
    make_figure(FigureKey("task_duration", "p", 50.0), 27.2, 32.64, "worse"),
    make_figure(FigureKey("worker_cpu_s_per_1000_tasks", "value"), 5.42, 5.4, "noise"),
    make_figure(FigureKey("worker_rss_bytes", "max"), 70 * 2**20, 71 * 2**20, "unknown"),
)
DETAILS = (
    make_figure(FigureKey("run", "p", 95.0, ("task", "tasks.add")), 20.0, 26.0, "worse"),
    make_figure(FigureKey("queue_wait", "p", 50.0), 1.0, 0.9, "better"),
    make_figure(FigureKey("publish", "p", 50.0), 2.0, 2.01, "noise"),
)


def make_side(name: str, lost: int = 0, count: int = 1) -> SideSummary:
    run = RunReference("a1b2c3", f"{name}/run", "2026-11-22T10:00:00+00:00", 0, False, 0.25)
    verdicts = dict.fromkeys(VERDICTS, 0) | {"ok": 100 - lost, "lost_task": lost}
    return SideSummary(name, (run,) * count, verdicts)


def make_comparison(**changes: Any) -> Comparison:
    gates = (
        GateResult("throughput<-10%", HEADLINE[0], "tripped", "beyond the limit and the noise"),
        GateResult("task_duration p(50)>+30%", HEADLINE[1], "held", "within the limit"),
        GateResult("worker_rss_bytes>+1%", HEADLINE[3], "unsure", "noise alone may do that"),
    )
    comparison = Comparison(
        base=make_side("runs/base"),
        head=make_side("runs/head", lost=1, count=3),
        noise="blocks",
        least=0.03,
        headline=HEADLINE,
        details=DETAILS,
        thresholds=(
            ThresholdChange("task_duration", "p(95)<500ms", 1, 1, 2, 3),
            ThresholdChange("verified", "rate==1", 1, 1, 3, 3),
        ),
        environment=(EnvironmentChange("celery", "5.6.0", "5.7.0"),),
        allowed=(Mismatch("host", "2 processors -> 4"),),
        gates=gates,
        verdict="HEAD is worse: throughput -16.9 %.",
        notes=("1 run of BASE, 3 runs of HEAD.",),
    )
    return replace(comparison, **changes)
