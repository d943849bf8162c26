"""The metrics that thresholds may name: what kind each is, and which tags it can be split by."""

from dataclasses import dataclass
from typing import Literal

from orchestrator.records import Aggregation
from orchestrator.scenario.workload_models import TAGS

MetricKind = Literal["trend", "counter", "ratio", "throughput", "gauge"]

AGGREGATIONS: dict[MetricKind, tuple[Aggregation, ...]] = {
    "trend": ("avg", "min", "med", "max", "p"),
    "counter": ("count", "rate"),
    "ratio": ("rate",),
    "throughput": ("rate", "value"),
    "gauge": ("value", "min", "max", "avg", "slope"),
}

Unit = Literal["ms", "count", "ratio", "per second", "bytes"]


@dataclass(frozen=True, slots=True)
class Metric:
    """`tags` are those of the built-in ones that its measurements carry; `unit` is that of its
    values."""

    name: str
    kind: MetricKind
    unit: Unit
    tags: tuple[str, ...]
    description: str

    @property
    def own_tags(self) -> bool:
        """Whether the tags of a workload's own apply: not to iterations that never were, nor to a
        drain."""
        return "workload" in self.tags and self.name not in ("dropped_iterations", "drain_rate")


def _of_tasks(kind: MetricKind, unit: Unit, **descriptions: str) -> list[Metric]:
    return [Metric(name, kind, unit, TAGS, text) for name, text in descriptions.items()]


def _of(tags: tuple[str, ...], kind: MetricKind, unit: Unit, **descriptions: str) -> list[Metric]:
    return [Metric(name, kind, unit, tags, text) for name, text in descriptions.items()]


FAULT_TRENDS = ("fault_down", "fault_recovery")

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        *_of_tasks(
            "trend",
            "ms",
            schedule_lag="From the intended time to the moment of sending.",
            publish="From sending until the broker has the message.",
            queue_wait="From the broker until a worker has received it.",
            prefetch_wait="From received until the task starts.",
            run="From the start of the task to its end.",
            result_lag="From the end of the task until its result is seen.",
            task_duration="From the intended time until the result is seen.",
        ),
        *_of(
            ("workload",),
            "trend",
            "ms",
            canvas_duration="From the intended time of an iteration until its result is seen.",
        ),
        *_of_tasks(
            "trend",
            "ms",
            chord_join="From the end of a chord's last header task to the body's start.",
        ),
        *_of(
            ("pool",),
            "trend",
            "ms",
            fault_down="From a fault's strike to the first result of a task that started after it.",
            fault_recovery="From a fault's strike to the last result of the tasks in flight.",
        ),
        *_of_tasks(
            "counter",
            "count",
            tasks_sent="Tasks of all canvases that were sent.",
            tasks_succeeded="Tasks that succeeded.",
            tasks_failed="Tasks that failed.",
            tasks_retried="Tasks that were retried at least once.",
            tasks_lost="Tasks that were never run.",
            results_lost="Tasks that ran, but whose result never came.",
            tasks_duplicated="Tasks that ran more than once.",
            tasks_wrong="Tasks with a wrong result.",
            tasks_late="Tasks whose result came after the time-out.",
        ),
        *_of_tasks(
            "counter",
            "count",
            chord_bodies_early="Chord bodies that started before their header had ended.",
            chord_bodies_twice="Chord bodies that ran more than once.",
            chord_bodies_never="Chord bodies that never ran although their header succeeded.",
        ),
        *_of(
            ("workload",),
            "counter",
            "count",
            dropped_iterations="Iterations that were not started.",
        ),
        *_of_tasks("throughput", "per second", throughput="Verified tasks per second."),
        *_of_tasks("throughput", "per second", offered_rate="Intended tasks per second."),
        *_of(
            ("workload",),
            "throughput",
            "per second",
            drain_rate="Iterations per second that a backlog drained at.",
        ),
        *_of_tasks(
            "ratio",
            "ratio",
            verified="The share of tasks that gave what they must.",
            errors="The share of tasks that did not.",
        ),
        *_of(("queue",), "gauge", "count", backlog="Messages that wait in the queues."),
        *_of(("pool",), "gauge", "bytes", worker_rss_bytes="Memory of the workers."),
        *_of(
            ("pool",),
            "gauge",
            "ratio",
            worker_cpu_ratio="CPU of the workers; 1 is one core.",
        ),
    )
}
