"""What a run was and what is said of it (environment, judge -> report)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from orchestrator.records.outcome import Drain, Outcome, Sample, Verdict
from orchestrator.records.plan import ExecutorKind, FaultPlan, Plan, PoolKind


@dataclass(frozen=True, slots=True)
class BrokerInfo:
    """``url`` holds the password: mask it (``errors`` and reports only ever see the masked one).

    ``results_why`` says, where it was our choice, why the results live where they do."""

    kind: str
    version: str
    path: str | None
    url: str
    results_url: str
    results_why: str | None = None


@dataclass(frozen=True, slots=True)
class PoolReport:
    """What one pool was and used, over all its processes (``count`` and restarts included).

    Of workers that were there already nobody knows what they used: then it is None."""

    name: str
    pool: PoolKind
    concurrency: int
    queues: tuple[str, ...]
    tasks: int
    cpu_s: float | None
    rss_max_bytes: int | None
    restarts: int | None
    exit_codes: tuple[int, ...]
    startup_s: float | None


@dataclass(frozen=True, slots=True)
class FaultEvent:
    """When a fault struck (None: not yet, or never, and ``note`` says why), and when what it had
    ended was ready again, or what had stood still went on (None: not in this run)."""

    plan: FaultPlan
    struck_ns: int | None = None
    ended_ns: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class FaultReport:
    """What a fault did. ``struck_s`` and ``ended_s`` are those of `FaultEvent`, in seconds of the
    load. ``tasks`` is how many tasks were in flight in between: intended before its end, without a
    result at its strike (of its pool; of all, when it was the broker); ``verdicts`` what became of
    them, ``cut_off`` how many of them ran in a process that ended. Seconds after the strike:
    ``down_s`` until the first result of a task that started after it, ``recovered_s`` until the
    last result of the tasks in flight; None: there was none."""

    plan: FaultPlan
    struck_s: float | None
    ended_s: float | None
    tasks: int
    cut_off: int
    verdicts: Mapping[Verdict, int]
    down_s: float | None
    recovered_s: float | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Trend:
    """A distribution, in milliseconds. All values are None when ``count`` is 0. When ``exact`` is
    false, percentiles are those of a histogram: known to within 1 %."""

    count: int
    avg_ms: float | None = None
    min_ms: float | None = None
    p50_ms: float | None = None
    p75_ms: float | None = None
    p90_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    p99_9_ms: float | None = None
    max_ms: float | None = None
    exact: bool = True


@dataclass(frozen=True, slots=True)
class ThresholdResult:
    """``metric`` with its tags as written; ``observed`` is None when nothing was measured (then it
    failed)."""

    metric: str
    expression: str
    observed: float | None
    passed: bool


@dataclass(frozen=True, slots=True)
class WorkloadResult:
    name: str
    executor: ExecutorKind
    iterations: int
    dropped_iterations: int
    offered_rate_per_s: float
    throughput_per_s: float
    aggregate: str | None
    value: Any
    metrics: Mapping[str, Trend]
    drain: Drain | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the judge says of all outcomes of a run."""

    counts: Mapping[Verdict, int]
    ids: Mapping[Verdict, tuple[str, ...]]
    ids_capped: bool
    reasons: Mapping[str, str]
    workloads: tuple[WorkloadResult, ...]
    metrics: Mapping[str, Trend]
    counters: Mapping[str, int]
    rates: Mapping[str, float]
    by_task: Mapping[str, Mapping[str, Trend]]
    by_queue: Mapping[str, Mapping[str, Trend]]
    by_pool: Mapping[str, Mapping[str, Trend]]
    thresholds: tuple[ThresholdResult, ...]
    tasks: Mapping[str, str] = field(default_factory=dict)
    """The names of the tasks in ``ids``, by id."""
    faults: tuple[FaultReport, ...] = ()
    """In the order of the scenario."""

    @property
    def sent(self) -> int:
        """Every task of every canvas that was sent; the verdicts add up to it."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class HostClock:
    """The clock of a host on which workers run that are not ours.

    ``same`` says that it is this host. ``ahead_ms`` is how far its wall clock is ahead of ours, to
    within ``uncertainty_ms``; None when nothing that it told could be compared."""

    host: str
    same: bool
    ahead_ms: float | None
    uncertainty_ms: float | None


PointsFrom = Literal["probe", "events", "results"]


@dataclass(frozen=True, slots=True)
class RunResult:
    """Everything that a report can be made of. ``stopped_by`` is a signal, a threshold, an error,
    or None."""

    id: str
    plan: Plan
    started_at: str
    startup_s: float
    duration_s: float
    exit_code: int
    stopped_by: str | None
    partial: bool
    broker: BrokerInfo
    versions: Mapping[str, str]
    host: Mapping[str, int]
    pools: tuple[PoolReport, ...]
    judgement: Judgement
    outcomes: Iterable[Outcome]
    """Can be gone through again and again; each is made when its turn comes."""
    samples: Sequence[Sample]
    verdicts: Sequence[Verdict]
    """Of ``outcomes``, in their order."""
    orchestrator_cpu_s: float
    orchestrator_rss_max_bytes: int
    probe_lost_events: int = 0
    bottleneck: str | None = None
    """Why the orchestrator, and not the workers, limited the run; None when it did not."""
    points_from: PointsFrom = "probe"
    """Who told what the workers did: our probe; Celery events; or only the results themselves."""
    clocks: tuple[HostClock, ...] = ()
    """Those of the hosts of workers that are not ours."""
    load_started_ns: int | None = None
    """When the load began: the zero of ``samples``; None when it never did."""
    tracebacks: Mapping[str, str] = field(default_factory=dict)
    """By task id, of a few failures of each kind: as the worker sent them."""
