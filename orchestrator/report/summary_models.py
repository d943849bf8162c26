"""What stands in the ``summary.json`` of a run, key by key: what its JSON Schema is made of.

Nothing is validated with them when a summary is written or read."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from orchestrator.records import ExecutorKind, FaultKind, PointsFrom, PoolKind, Verdict

Count = int


class Part(BaseModel):
    """A mapping of the summary; what stands below a key says what it holds."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class Trend(Part):
    """A distribution. Every value is null when ``count`` is 0."""

    count: Count = Field(ge=0)
    """How many samples."""
    avg_ms: float | None
    """Their mean, in milliseconds."""
    min_ms: float | None
    """The least, in milliseconds."""
    p50_ms: float | None
    """The median, in milliseconds."""
    p75_ms: float | None
    """The 75th percentile, in milliseconds."""
    p90_ms: float | None
    """The 90th percentile, in milliseconds."""
    p95_ms: float | None
    """The 95th percentile, in milliseconds."""
    p99_ms: float | None
    """The 99th percentile, in milliseconds."""
    p99_9_ms: float | None
    """The 99.9th percentile, in milliseconds."""
    max_ms: float | None
    """The greatest, in milliseconds."""
    exact: bool
    """False: percentiles are those of a histogram, known to within 1 %."""


Trends = dict[str, Trend]


class Threshold(Part):
    """One check of the scenario, or one that is implied."""

    metric: str
    """The metric with its tags, as written."""
    expression: str
    """What must hold."""
    observed: float | None
    """In the metric's own unit (ms, a count, a ratio, per second, bytes); null: not measured."""
    passed: bool
    """Whether it held."""


class VerdictCounts(Part):
    """How many tasks have which verdict; a count each."""

    ok: Count = Field(ge=0)
    """As expected, a count."""
    wrong: Count = Field(ge=0)
    """Succeeded with another value than expected, a count."""
    failed: Count = Field(ge=0)
    """Failed without being expected to, a count."""
    lost_task: Count = Field(ge=0)
    """Never executed, a count."""
    lost_result: Count = Field(ge=0)
    """Executed, but no result came, a count."""
    duplicate: Count = Field(ge=0)
    """Executed, or answered, more than once, a count."""
    late: Count = Field(ge=0)
    """After the time-out, or not through at the end of the run, a count."""


class Verdicts(VerdictCounts):
    """The verdicts of all tasks, and the tasks that are not ok, by id."""

    sent: Count = Field(ge=0)
    """Tasks of all canvases that were sent, a count: the sum of the verdicts."""
    ids: dict[Verdict, list[str]]
    """Up to 100 ids of each verdict that is not ok."""
    ids_capped: bool
    """Whether there are more than ``ids`` names."""
    tasks: dict[str, str]
    """The name of each task in ``ids``, by id."""
    reasons: dict[str, str]
    """Why a task in ``ids`` has its verdict, by id."""
    tracebacks: dict[str, str]
    """The end of the worker's traceback, by id: up to three of each kind of exception."""


class Run(Part):
    """Which run it was, and how it ended."""

    id: str
    """Made up for this run."""
    name: str
    """The scenario's."""
    started_at: str
    """ISO 8601, with its offset."""
    duration_s: float
    """From the beginning to the end of the environment, in seconds."""
    startup_s: float
    """Until the environment was ready, in seconds."""
    exit_code: int
    """See docs/exit-codes.md."""
    stopped_by: str | None
    """A signal, a threshold or an error that ended it early."""
    partial: bool
    """Whether it ended early."""


class Broker(Part):
    """The broker that was used."""

    kind: str
    """redis, valkey, rabbitmq, ..."""
    version: str
    """The server's version."""
    path: str | None
    """The server's program, when the run started it."""
    url: str
    """Its address, secrets masked."""
    results_url: str
    """Where the results were, secrets masked."""


class Results(Part):
    """Where the results were kept."""

    url: str
    """Their address, secrets masked."""
    why: str | None
    """Why there, when nobody had said."""


class Host(Part):
    """The machine."""

    cpus: Count
    """Processors that may be used, a count."""
    memory_bytes: int
    """Its memory, in bytes."""


class Clock(Part):
    """The clock of a host whose workers are not ours."""

    host: str
    """Its name."""
    same: bool
    """Whether it is this host."""
    ahead_ms: float | None
    """How far its clock is ahead of ours, in milliseconds."""
    uncertainty_ms: float | None
    """How well that is known, in milliseconds."""


class Environment(Part):
    """With what and where it was run."""

    orchestrator: str | None
    """Version of celery-orchestrator."""
    celery: str | None
    """Version of Celery."""
    kombu: str | None
    """Version of kombu."""
    python: str | None
    """Version of Python."""
    redis: str = ""
    """Version of redis-py."""
    gevent: str = ""
    """Version of gevent."""
    eventlet: str = ""
    """Version of eventlet."""
    numpy: str = ""
    """Version of numpy."""
    broker: Broker
    points_from: PointsFrom
    """Who told what the workers did: our probe, Celery events, or only the results."""
    clocks: list[Clock]
    """Of the hosts of workers that are not ours."""
    results: Results
    host: Host


class Drain(Part):
    """How a backlog went."""

    iterations: Count
    """Iterations that had to drain, a count."""
    fill_s: float
    """How long it took to fill, in seconds."""
    drain_s: float
    """How long it took to drain, in seconds."""
    rate_per_s: float
    """Iterations per second of the drain."""


class Workload(Part):
    """One workload."""

    executor: ExecutorKind
    """What decided when its iterations started."""
    iterations: Count
    """Iterations that ended, a count."""
    dropped_iterations: Count
    """Iterations that were intended and never started, a count."""
    offered_rate_per_s: float
    """Tasks per second that were intended."""
    throughput_per_s: float
    """Tasks per second that were verified."""
    aggregate: str | None
    """How the final values were folded."""
    value: Any
    """What they came to; docs/metrics.md says how values are written that JSON has no form for."""
    metrics: Trends
    """Its trends."""
    drain: Drain | None = None
    """Of a backlog that was drained."""


class Worker(Part):
    """One pool, over all its processes."""

    pool: PoolKind
    """prefork, gevent, eventlet, threads or solo."""
    concurrency: Count
    """Tasks that it runs at once, a count."""
    queues: list[str]
    """What it consumed."""
    tasks: Count
    """Tasks that it executed, a count."""
    cpu_s: float | None
    """CPU that it used, in seconds; null where nobody knows, as below."""
    rss_max_bytes: int | None
    """Its memory at most, in bytes."""
    restarts: Count | None
    """Processes that were started again, a count."""
    exit_codes: list[int]
    """Of its main processes, as the operating system has them."""
    startup_s: float | None
    """How long it took to start, in seconds."""


class Fault(Part):
    """What went wrong on purpose, and what came of it."""

    kind: FaultKind
    """worker-kill, child-kill, worker-pause, broker-kill or broker-pause."""
    worker: str | None
    """The pool, or one of its workers; null: the broker."""
    at_s: float
    """When it was to strike, in seconds of the load."""
    struck_s: float | None
    """When it did, in seconds of the load; null: never."""
    ended_s: float | None
    """When what it had ended was ready again, or what had stood still went on, in seconds of the
    load; null: not in this run."""
    down_s: float | None
    """From its strike to the first result of a task that started after it (a task of its pool; any,
    when it was the broker), in seconds; null: there was none."""
    recovered_s: float | None
    """From its strike to the last result of the tasks that were in flight, in seconds; null: there
    was none."""
    tasks: Count
    """Tasks in flight, a count: intended before its end, without a result at its strike; of its
    pool, or all, when it was the broker."""
    cut_off: Count
    """Of these, those that ran in a process that ended, a count."""
    verdicts: VerdictCounts
    """What became of them."""
    note: str
    """Why it did not strike."""


class Rates(Part):
    """The rates of the whole run."""

    throughput_per_s: float
    """Verified tasks per second."""
    offered_rate_per_s: float
    """Intended tasks per second."""
    verified_ratio: float
    """ok / sent."""
    errors_ratio: float
    """Everything else / sent."""


class Orchestrator(Part):
    """What the tool used itself."""

    cpu_s: float
    """CPU, in seconds."""
    cpu_max_ratio: float
    """CPU seconds per second at most, over one second."""
    rss_max_bytes: int
    """Memory at most, in bytes."""
    probe_lost_events_count: Count
    """Events that the probes could not send, a count."""
    bottleneck: bool
    """Whether the tool, and not the workers, limited the run."""
    bottleneck_reason: str | None
    """Why it is thought so."""


class RunSummary(Part):
    """``summary.json`` of a run."""

    version: Literal[1]
    """Of this schema. A key that leaves or changes its meaning raises it; a new one does not."""
    run: Run
    environment: Environment
    scenario: dict[str, Any]
    """As run, secrets masked."""
    verdicts: Verdicts
    workloads: dict[str, Workload]
    """By name."""
    metrics: Trends
    """The trends of docs/metrics.md, the warm-up left out."""
    counters: dict[str, Count]
    """The counters of docs/metrics.md: counts, the warm-up included."""
    rates: Rates
    by_task: dict[str, Trends]
    """The trends of each task."""
    by_queue: dict[str, Trends]
    """The trends of each queue."""
    by_pool: dict[str, Trends]
    """The trends of each pool."""
    workers: dict[str, Worker]
    """The pools, by name."""
    faults: list[Fault] = []
    """In the order of the scenario."""
    thresholds: list[Threshold]
    """In the order of the scenario, then those that are implied and were crossed."""
    orchestrator: Orchestrator
