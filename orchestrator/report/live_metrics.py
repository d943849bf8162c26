"""A run as OpenMetrics text while it works, from the live figures: the names of `openmetrics`, as
far as anything is known before the end."""

from collections.abc import Iterator

from prometheus_client.core import Metric

from orchestrator.records import Live
from orchestrator.report.metric_families import counter, exposition, gauge, info, one, summary
from orchestrator.report.openmetrics import (
    EVENTS,
    TASK_LABELS,
    backlog,
    thresholds,
    verdicts,
    workers_up,
)
from orchestrator.scenario.metrics import METRICS


def live_text(name: str, phase: str, live: Live | None) -> str:
    """The text for the run ``name`` in this phase; ``live`` is None while there is no load."""
    return exposition(families(name, phase, live))


def families(name: str, phase: str, live: Live | None) -> Iterator[Metric]:
    yield info(
        "orchestrator_run", "What is run, and how far it is.", {"name": name, "phase": phase}
    )
    if live is None:
        return
    yield from _tasks(live)
    yield from backlog(live.backlog)
    yield workers_up(dict.fromkeys(live.cpu, True))
    yield from _load(live)
    yield from _resources(live)
    yield from thresholds(
        (each.metric, each.expression, each.observed, each.passing) for each in live.thresholds
    )


def _tasks(live: Live) -> Iterator[Metric]:
    for event in ("sent", "succeeded", "failed"):
        values = {(each.task, each.queue): getattr(each, event) for each in live.tasks}
        yield counter(f"celery_task_{event}", EVENTS[event], TASK_LABELS, values)
    yield verdicts({"ok": live.ok, "failed": live.failed, "wrong": live.wrong})


def _load(live: Live) -> Iterator[Metric]:
    yield one("orchestrator_load_seconds", "How long the load has been on.", live.elapsed_s)
    yield one("orchestrator_in_flight", "Iterations in flight.", live.in_flight)
    text = "Iterations per second, of the last two seconds."
    yield one("orchestrator_iterations_per_second", text, live.iterations_per_s)
    text = "Iterations per second that open models ask for now."
    yield one("orchestrator_target_per_second", text, live.target_per_s)
    text = "Tasks per second, of the last two seconds."
    yield one("orchestrator_tasks_per_second", text, live.tasks_per_s)
    for name, text, count in (
        ("dropped_iterations", METRICS["dropped_iterations"].description, live.dropped),
        ("iterations_timed_out", "Iterations that were given up.", live.timed_out),
    ):
        yield counter(f"orchestrator_{name}", text, (), {(): count})
    points = {"0.5": live.p50_ms, "0.95": live.p95_ms, "0.99": live.p99_ms}
    quantiles = {key: ms / 1000 for key, ms in points.items() if ms is not None}
    text = f"{METRICS['task_duration'].description} Of a sample of the tasks."
    yield summary("orchestrator_task_duration_seconds", text, quantiles, None, None)


def _resources(live: Live) -> Iterator[Metric]:
    cpu = {(pool,): cores for pool, cores in live.cpu.items()}
    yield gauge("orchestrator_worker_cpu_ratio", "Cores that the pool uses.", ["pool"], cpu)
    yield one("orchestrator_self_cpu_ratio", "Cores that the tool uses.", live.own_cpu_ratio)
    yield one("orchestrator_self_rss_bytes", "Memory of the tool.", live.own_rss_bytes)
