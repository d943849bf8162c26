"""The report kind ``metrics``: ``metrics.txt``, the run as OpenMetrics text.

What celery-exporter has is named as it names it (``celery_*``), and counted as Celery counts it;
the verdicts and everything of our own is ``orchestrator_*``, with the figures of
``summary.json``."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from prometheus_client.core import Metric

from orchestrator.judge.metrics import COUNTER_OF
from orchestrator.judge.wording import clip
from orchestrator.records import VERDICTS
from orchestrator.report.atomic import atomic_write_text
from orchestrator.report.kinds import ReportKind
from orchestrator.report.metric_families import (
    LABEL_LIMIT,
    Histogram,
    counter,
    exposition,
    gauge,
    histograms,
    info,
    one,
    summary,
)
from orchestrator.report.stored import StoredRun, StoredTask, Subject
from orchestrator.scenario.metrics import METRICS

FILE_NAME = "metrics.txt"
TASK_LABELS = ("name", "queue_name")
UNACKED = "unacked"
"""What series.csv calls the messages that workers hold, beside the queues."""
QUANTILES: Mapping[str, str] = {
    "0": "min_ms", "0.5": "p50_ms", "0.75": "p75_ms", "0.9": "p90_ms", "0.95": "p95_ms",
    "0.99": "p99_ms", "0.999": "p99_9_ms", "1": "max_ms",
}  # fmt: skip
EVENTS: Mapping[str, str] = {
    "sent": "Tasks that were sent, also by workers.",
    "received": "Tasks that a worker received.",
    "started": "Tasks that a worker started.",
    "succeeded": "Tasks that ended as SUCCESS, whatever their value.",
    "failed": "Tasks that ended as FAILURE, also those that were expected to.",
    "retried": "Retries.",
    "revoked": "Tasks that ended as REVOKED.",
    "rejected": "Tasks that ended as REJECTED.",
}
STATES = {"SUCCESS": "succeeded", "FAILURE": "failed", "REVOKED": "revoked", "REJECTED": "rejected"}


class OpenMetrics:
    """``metrics.txt``."""

    subjects: frozenset[Subject] = frozenset({"run"})
    needs_data = True

    def write(self, directory: Path, summary: Mapping[str, Any]) -> Sequence[Path]:
        path = directory / FILE_NAME
        atomic_write_text(path, exposition(families(StoredRun.read(directory, summary))))
        return [path]


KIND: ReportKind = OpenMetrics()


def families(run: StoredRun) -> Iterator[Metric]:
    """Everything that is exported of a run."""
    yield from _tasks(run)
    yield from _queues(run)
    yield from _run(run.summary)
    yield from _counters(run.summary)
    yield from _trends(run.summary["metrics"])
    yield from _workloads(run.summary["workloads"])
    yield from _workers(run.summary)
    yield from thresholds(
        (each["metric"], each["expression"], each["observed"], each["passed"])
        for each in run.summary["thresholds"]
    )


# ---- as Celery's usual exporter names it ----


class _Tasks:
    def __init__(self) -> None:
        self.events: dict[str, Counter[tuple[str, ...]]] = {name: Counter() for name in EVENTS}
        self.runtime: dict[tuple[str, ...], Histogram] = {}
        self.queue_wait: dict[tuple[str, ...], Histogram] = {}
        self._keys: dict[tuple[str, str], tuple[str, str]] = {}

    def add(self, task: StoredTask) -> None:
        names = (task.task, task.queue)
        if (key := self._keys.get(names)) is None:
            key = (clip(task.task, LABEL_LIMIT), clip(task.queue, LABEL_LIMIT))
            self._keys[names] = key
        events = self.events
        events["sent"][key] += 1
        events["received"][key] += task.received is not None
        events["started"][key] += task.started is not None
        events["retried"][key] += task.retries
        if task.state in STATES:
            events[STATES[task.state]][key] += 1
        if task.measured:
            _observe(self.runtime, key, task.started, task.finished)
            _observe(self.queue_wait, key, task.published, task.received)


def _observe(
    found: dict[tuple[str, ...], Histogram],
    key: tuple[str, ...],
    begin_ms: float | None,
    end_ms: float | None,
) -> None:
    if begin_ms is None or end_ms is None:
        return
    if (histogram := found.get(key)) is None:
        histogram = found[key] = Histogram()
    histogram.add(max(0.0, end_ms - begin_ms) / 1000)


def _tasks(run: StoredRun) -> Iterator[Metric]:
    tasks = _Tasks()
    for task in run.tasks():
        tasks.add(task)
    for event, counts in tasks.events.items():
        yield counter(f"celery_task_{event}", EVENTS[event], TASK_LABELS, counts)
    yield histograms(
        "celery_task_runtime_seconds",
        "From the start of a task to its end, the warm-up left out.",
        TASK_LABELS,
        tasks.runtime,
    )
    yield histograms(
        "celery_task_queue_wait_seconds",
        "From published until a worker has received it, the warm-up left out.",
        TASK_LABELS,
        tasks.queue_wait,
    )


def _queues(run: StoredRun) -> Iterator[Metric]:
    last = {name: _last(column) for name, column in run.series.backlog.items()}
    yield from backlog(last)
    pools = (name for name in run.series.rss if name != "orchestrator")
    up = {name: _last(run.series.rss[name]) for name in pools}
    yield workers_up({name: None if rss is None else rss > 0 for name, rss in up.items()})


def _last(column: Sequence[float | None]) -> float | None:
    return next((value for value in reversed(column) if value is not None), None)


def backlog(depths: Mapping[str, float | None]) -> Iterator[Metric]:
    """The depths of the queues, and what workers hold."""
    queues = {(name,): depth for name, depth in depths.items() if name != UNACKED}
    yield gauge("celery_queue_length", "Messages that wait in the queue.", ["queue_name"], queues)
    yield one(
        "orchestrator_unacked_messages",
        "Messages that workers have taken and not finished.",
        depths.get(UNACKED),
    )


def workers_up(up: Mapping[str, bool | None]) -> Metric:
    values = {(name,): up_ for name, up_ in up.items()}
    text = "1 while a pool has processes; its name in the scenario is the hostname."
    return gauge("celery_worker_up", text, ["hostname"], values)


# ---- our own ----


def _run(document: Mapping[str, Any]) -> Iterator[Metric]:
    run, environment = document["run"], document["environment"]
    broker = environment["broker"]
    about = {
        "id": run["id"],
        "name": run["name"],
        **{key: str(environment[key]) for key in ("orchestrator", "celery", "kombu", "python")},
        "broker": f"{broker['kind']} {broker['version']}".strip(),
    }
    yield info("orchestrator_run", "What was run, and with what.", about)
    started_s = datetime.fromisoformat(run["started_at"]).timestamp()
    yield one("orchestrator_run_start_time_seconds", "When it began, Unix time.", started_s)
    yield one("orchestrator_run_duration_seconds", "How long it took.", run["duration_s"])
    yield one("orchestrator_run_startup_seconds", "Until the load began.", run["startup_s"])
    yield one("orchestrator_run_exit_code", "0: passed.", run["exit_code"])
    yield one("orchestrator_run_partial", "1: it ended early.", run["partial"])
    own = document["orchestrator"]
    yield one("orchestrator_self_cpu_seconds", "CPU of the tool itself.", own["cpu_s"])
    yield one("orchestrator_self_rss_max_bytes", "Its memory, at most.", own["rss_max_bytes"])
    yield one(
        "orchestrator_bottleneck", "1: it limited the run, not the workers.", own["bottleneck"]
    )


def _counters(document: Mapping[str, Any]) -> Iterator[Metric]:
    yield verdicts({verdict: document["verdicts"][verdict] for verdict in VERDICTS})
    elsewhere = {"tasks_sent", "dropped_iterations", *COUNTER_OF.values()}
    for name, count in document["counters"].items():
        if name not in elsewhere:
            text = METRICS[name].description if name in METRICS else f"{name} of docs/metrics.md."
            yield counter(f"orchestrator_{name}", text, (), {(): count})
    for key, rate in document["rates"].items():
        name = key.removesuffix("_per_s").removesuffix("_ratio")
        unit = "per_second" if key.endswith("_per_s") else "ratio"
        yield one(f"orchestrator_{name}_{unit}", METRICS[name].description, rate)


def verdicts(counts: Mapping[str, int]) -> Metric:
    values = {(verdict,): count for verdict, count in counts.items()}
    return counter("orchestrator_tasks", "Tasks by their verdict.", ["verdict"], values)


def _trends(metrics: Mapping[str, Mapping[str, Any]]) -> Iterator[Metric]:
    for name, trend in metrics.items():
        if trend["count"]:
            quantiles = {key: trend[point] / 1000 for key, point in QUANTILES.items()}
            total_s = trend["avg_ms"] * trend["count"] / 1000
            text = METRICS[name].description
            yield summary(f"orchestrator_{name}_seconds", text, quantiles, trend["count"], total_s)


def _workloads(workloads: Mapping[str, Mapping[str, Any]]) -> Iterator[Metric]:
    for name, key, text in (
        ("iterations", "iterations", "Iterations that ended."),
        ("dropped_iterations", "dropped_iterations", METRICS["dropped_iterations"].description),
    ):
        values = {(workload,): each[key] for workload, each in workloads.items()}
        yield counter(f"orchestrator_{name}", text, ["workload"], values)
    for name in ("throughput", "offered_rate"):
        values = {(workload,): each[f"{name}_per_s"] for workload, each in workloads.items()}
        text = f"{METRICS[name].description[:-1]}, of a workload."
        yield gauge(f"orchestrator_workload_{name}_per_second", text, ["workload"], values)


def _workers(document: Mapping[str, Any]) -> Iterator[Metric]:
    for name, key, text in (
        ("tasks", "tasks", "Tasks that the pool executed."),
        ("concurrency", "concurrency", "Tasks that it runs at once."),
        ("cpu_seconds", "cpu_s", "CPU of its processes."),
        ("rss_max_bytes", "rss_max_bytes", "Memory of its processes, at most."),
        ("restarts", "restarts", "Processes that were started again."),
    ):
        values = {(pool,): each[key] for pool, each in document["workers"].items()}
        yield gauge(f"orchestrator_worker_{name}", text, ["pool"], values)


def thresholds(
    each: Iterator[tuple[str, str, float | None, bool | None]],
) -> Iterator[Metric]:
    """Of (metric, expression, observed, passed): what is None is not known yet."""
    known = list(each)
    passed = {(metric, text): passed for metric, text, _, passed in known}
    observed = {(metric, text): value for metric, text, value, _ in known}
    labels = ("metric", "expression")
    yield gauge("orchestrator_threshold_passed", "1: it holds.", labels, passed)
    yield gauge("orchestrator_threshold_observed", "In the metric's own unit.", labels, observed)
