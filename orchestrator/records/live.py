"""What is known of a run while it works (judge -> cli). Cheap to make, several times a second."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LiveThreshold:
    """A threshold as it stands now. ``metric`` is named with its tags; ``observed`` and ``passing``
    are None while nothing can be said of it before the end."""

    metric: str
    expression: str
    observed: float | None
    passing: bool | None


@dataclass(frozen=True, slots=True)
class LiveTasks:
    """The tasks of one name in one queue so far: sent, and ended as SUCCESS and as FAILURE."""

    task: str
    queue: str
    sent: int
    succeeded: int
    failed: int


@dataclass(frozen=True, slots=True)
class Live:
    """A moment of the load. Counts are since its start, the warm-up included.

    ``time_left_s`` is None where no end is in sight. ``target_per_s`` is what open models ask for,
    in iterations per second, None without one; the rates are those of the last two seconds.
    ``failed`` leaves out tasks that were expected to fail. ``timed_out`` counts iterations that
    were given up: which of their tasks are lost is only known at the end. Percentiles are those of
    ``task_duration``, of a sample of the tasks once they are many. ``cpu`` is in cores, per
    pool."""

    elapsed_s: float
    time_left_s: float | None
    target_per_s: float | None
    iterations_per_s: float
    tasks_per_s: float
    in_flight: int
    sent: int
    completed: int
    ok: int
    failed: int
    wrong: int
    timed_out: int
    dropped: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    backlog: Mapping[str, int]
    cpu: Mapping[str, float]
    own_cpu_ratio: float
    own_rss_bytes: int
    thresholds: tuple[LiveThreshold, ...]
    tasks: tuple[LiveTasks, ...] = ()
    """Of the last full second."""
