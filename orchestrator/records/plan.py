"""The plan: what a scenario file means (scenario -> environment, load, judge)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

PoolKind = Literal["prefork", "gevent", "eventlet", "threads", "solo"]
ExpectKind = Literal["value", "type", "approx", "raises", "call"]
MapKind = Literal["map", "starmap", "chunks"]
ExecutorKind = Literal[
    "shared-iterations",
    "per-vu-iterations",
    "constant-vus",
    "ramping-vus",
    "constant-arrival-rate",
    "ramping-arrival-rate",
    "backlog",
]
FaultKind = Literal["worker-kill", "child-kill", "worker-pause", "broker-kill", "broker-pause"]
Aggregation = Literal["rate", "count", "avg", "min", "med", "max", "p", "value", "slope"]
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
    """``broker``: embedded, redis, valkey, rabbitmq, app or a URL. ``results``: auto, rpc, none or
    a URL. ``found_in`` says where the broker's address is from, when nobody wrote it down."""

    broker: str = "embedded"
    results: str = "auto"
    settings: Mapping[str, Any] = field(default_factory=dict)
    found_in: str = ""

    @property
    def private(self) -> bool:
        """Whether the broker is one that the run starts, and nobody else uses."""
        return "://" not in self.broker and self.broker != "app"


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
class Stage:
    """A change, linear over ``duration_s``, to ``target``: VUs, or iterations per second."""

    duration_s: float
    target: float


@dataclass(frozen=True, slots=True)
class WorkloadPlan:
    """One stream of canvases. Keys that its executor does not take are None.

    ``start`` is where the first of ``stages`` begins, in the unit of their targets. For ``backlog``
    ``iterations`` is its size."""

    name: str
    executor: ExecutorKind
    canvas: Node
    vus: int = 1
    iterations: int | None = None
    rate_per_s: float | None = None
    duration_s: float | None = None
    max_duration_s: float = 600.0
    max_in_flight: int | None = None
    start: float = 0.0
    stages: tuple[Stage, ...] = ()
    graceful_ramp_down_s: float = 30.0
    drain_ratio: float = 1.0
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
class FaultPlan:
    """What goes wrong on purpose, ``at_s`` seconds into the load. ``worker`` is a pool or, as in
    ``add.2``, one of its workers; None: it is the broker. Keys that its kind does not take have no
    meaning."""

    kind: FaultKind
    at_s: float
    worker: str | None = None
    signal: str = "SIGKILL"
    restart_after_s: float | None = None
    duration_s: float = 0.0
    grace_s: float = 0.0

    @property
    def name(self) -> str:
        """``worker-kill add``."""
        return " ".join(word for word in (self.kind, self.worker) if word)

    @property
    def pool(self) -> str | None:
        """The name of the pool; None: it is the broker."""
        return None if self.worker is None else self.worker.partition(".")[0]


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
    attach: bool = False
    """Whether the workers are there already; then ``pools`` is empty until they were found."""
    faults: tuple[FaultPlan, ...] = ()
    queues: tuple[str, ...] = ()
    """The queues that must have a consumer, besides those of ``pools``."""

    @property
    def broker_fails(self) -> bool:
        """Whether there is a fault of the broker."""
        return any(fault.worker is None for fault in self.faults)

    @property
    def all_queues(self) -> tuple[str, ...]:
        """Every queue of the run, sorted."""
        return tuple(sorted({*self.queues, *(q for pool in self.pools for q in pool.queues)}))
