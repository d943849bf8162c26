"""The frozen records that pass between stages.

All times named ``*_ns`` are ``time.monotonic_ns()`` of this host, which every process of the host
shares; all durations carry their unit in their name. A stage takes records and gives records;
nobody changes one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

# ---- the plan: what a scenario file means (scenario -> environment, load, judge) --------------

PoolKind = Literal["prefork", "gevent", "eventlet", "threads", "solo"]
ExpectKind = Literal["value", "type", "approx", "raises", "call"]
MapKind = Literal["map", "starmap", "chunks"]
ExecutorKind = Literal["shared-iterations", "constant-vus", "constant-arrival-rate"]
Aggregation = Literal["rate", "count", "avg", "min", "med", "max", "p", "value"]
Operator = Literal["<", "<=", ">", ">=", "==", "!="]


@dataclass(frozen=True, slots=True)
class Expect:
    """What a task must give. ``value`` is the value, the type's name, the number (``rel`` its
    relative tolerance), the exception's name, or ``module:function``."""

    kind: ExpectKind
    value: Any
    rel: float = 1e-9


@dataclass(frozen=True, slots=True)
class Call:
    """A task node. Before ``draw`` its arguments may hold generators; after it they are plain
    values."""

    task: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    queue: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    immutable: bool = False
    expect: Expect | None = None


@dataclass(frozen=True, slots=True)
class Repeat:
    """``{each: node, count: N}``; ``draw`` turns it into N members."""

    node: "Node"
    count: int


@dataclass(frozen=True, slots=True)
class Group:
    members: "tuple[Node, ...] | Repeat"


@dataclass(frozen=True, slots=True)
class Chord:
    header: Group
    body: "Node"


@dataclass(frozen=True, slots=True)
class Chain:
    links: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Mapped:
    """``map``, ``starmap`` or ``chunks`` of one task over ``items``; ``size`` is the chunk's
    size."""

    kind: MapKind
    call: Call
    items: tuple[Any, ...]
    size: int | None = None


Node = Call | Group | Chord | Chain | Mapped


@dataclass(frozen=True, slots=True)
class TargetPlan:
    """``broker``: embedded, redis, valkey, app or a URL. ``results``: auto, none or a URL."""

    broker: str = "embedded"
    results: str = "auto"
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PoolPlan:
    """One entry of ``workers``: ``count`` processes of ``celery worker -P pool -c concurrency -Q
    queues``."""

    name: str
    queues: tuple[str, ...]
    pool: PoolKind = "prefork"
    concurrency: int = 1
    count: int = 1
    prefetch_multiplier: int | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkloadPlan:
    """One stream of canvases. Keys that its executor does not take are None."""

    name: str
    executor: ExecutorKind
    canvas: Node
    vus: int = 1
    iterations: int | None = None
    rate_per_s: float | None = None
    duration_s: float | None = None
    max_duration_s: float = 600.0
    max_in_flight: int | None = None
    start_time_s: float = 0.0
    graceful_stop_s: float = 30.0
    timeout_s: float = 60.0
    aggregate: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Threshold:
    """One check. ``limit`` is in the metric's own unit: ms for trends, a ratio for rates of passes,
    per second for throughput. ``expression`` is what the user wrote."""

    metric: str
    tags: Mapping[str, str]
    expression: str
    aggregation: Aggregation
    percentile: float | None
    operator: Operator
    limit: float
    abort_on_fail: bool = False
    delay_abort_eval_s: float = 0.0
    window_s: float | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A scenario, checked and with every default filled in. ``source`` is the scenario as run, as
    plain data."""

    name: str
    app: str
    seed: int
    target: TargetPlan
    pools: tuple[PoolPlan, ...]
    workloads: tuple[WorkloadPlan, ...]
    thresholds: tuple[Threshold, ...]
    warmup_s: float
    source: Mapping[str, Any]
    description: str = ""


# ---- load -> judge, observe -------------------------------------------------------------------

Inputs = str | tuple["Inputs", ...]
"""Where a task's first argument comes from: the id of the task before it, or (a chord's body, a
task after a group) a tuple of such, which stands for the list of their values."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What we know of one task before it runs: enough to say whether its result is right.

    ``inputs`` names the tasks whose results Celery puts in front of ``args``; None when there are
    none. ``mapped`` tells map, starmap and chunks (``args`` are then the items). ``reference`` is
    the app's own reference for the task, or the function that ``expect: {call: ...}`` names; it is
    called with the task's full arguments and gives the value, or raises what the task must raise.
    """

    id: str
    task: str
    queue: str
    workload: str
    iteration: int
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    inputs: Inputs | None = None
    mapped: MapKind | None = None
    expect: Expect | None = None
    reference: Callable[..., Any] | None = None
    direct: bool = True
    """True when we publish the task ourselves; False when a worker will (a later link, a chord's
    body)."""
    ignored: bool = False
    """True when the task's result is ignored, so that none will come."""
    after: Inputs | None = None
    """The tasks that must have succeeded before this one is sent, also when it is immutable and
    takes no value from them; None when ``inputs`` says it all."""


@dataclass(frozen=True, slots=True)
class Submission:
    """One iteration: one canvas and the tasks in it.

    ``chords`` pairs the ids of a chord's header tasks with the id of its body. ``result`` is the
    tree of ids whose values are the canvas's final value."""

    workload: str
    iteration: int
    expectations: tuple[Expectation, ...]
    result: Inputs
    chords: tuple[tuple[tuple[str, ...], str], ...]
    intended_ns: int


CanvasState = Literal["ok", "failed", "timeout", "stopped"]


@dataclass(frozen=True, slots=True)
class CanvasOutcome:
    """How one iteration ended: ``ok``, ``failed`` (a task raised), ``timeout`` or ``stopped``."""

    workload: str
    iteration: int
    intended_ns: int
    sent_ns: int
    published_ns: int
    seen_ns: int | None
    state: CanvasState
    error: str | None = None
    ended_ns: int = 0
    """When the driver stopped waiting for it."""


# ---- client, observe -> judge -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What arrived for one task id: ``value`` for SUCCESS, ``error`` (an exception) otherwise."""

    id: str
    state: str
    value: Any
    error: BaseException | None
    seen_ns: int
    traceback: str | None = None


Verdict = Literal["ok", "wrong", "failed", "lost_task", "lost_result", "duplicate", "late"]
VERDICTS: tuple[Verdict, ...] = (
    "ok",
    "wrong",
    "failed",
    "lost_task",
    "lost_result",
    "duplicate",
    "late",
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was seen of one task. A time that nobody saw is None, never zero.

    ``matched``: True when the result met the expectation (an expected failure does), False when it
    did not, None when no result came or there was nothing to hold it against. ``executions`` counts
    starts in workers that did not end in a retry; None without a probe. ``results`` counts results
    that arrived."""

    id: str
    task: str
    queue: str
    pool: str
    worker: str
    workload: str
    iteration: int
    tags: Mapping[str, str]
    direct: bool
    intended_ns: int | None
    sent_ns: int | None
    published_ns: int | None
    received_ns: int | None
    started_ns: int | None
    finished_ns: int | None
    seen_ns: int | None
    state: str
    executions: int | None
    retries: int
    results: int
    matched: bool | None
    late: bool
    ignored: bool
    measured: bool
    reason: str | None = None
    unfinished: bool = False
    """True when the broker or a worker still held the task at the end of the run: not lost,
    late."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One second of the run. Rates are of that second; ``pools`` maps a pool to (cpu ratio, rss
    bytes)."""

    at_s: float
    sent: int
    completed: int
    failed: int
    in_flight: int
    backlog: Mapping[str, int]
    pools: Mapping[str, tuple[float, int]]
    orchestrator_cpu_ratio: float
    orchestrator_rss_bytes: int


# ---- environment -> report --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BrokerInfo:
    """``url`` holds the password: mask it (``errors`` and reports only ever see the masked one)."""

    kind: str
    version: str
    path: str | None
    url: str
    results_url: str


@dataclass(frozen=True, slots=True)
class PoolReport:
    """What one pool was and used, over all its processes (``count`` and restarts included)."""

    name: str
    pool: PoolKind
    concurrency: int
    queues: tuple[str, ...]
    tasks: int
    cpu_s: float
    rss_max_bytes: int
    restarts: int
    exit_codes: tuple[int, ...]
    startup_s: float


# ---- judge -> report --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Trend:
    """A distribution, in milliseconds. All values are None when ``count`` is 0."""

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

    @property
    def sent(self) -> int:
        """Every task of every canvas that was sent; the verdicts add up to it."""
        return sum(self.counts.values())


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
    outcomes: Sequence[Outcome]
    samples: Sequence[Sample]
    verdict_of: Mapping[str, Verdict]
    orchestrator_cpu_s: float
    orchestrator_rss_max_bytes: int
    probe_lost_events: int = 0
