"""What was sent and what was seen of it (load, client, observe -> judge)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from orchestrator.records.plan import Expect, MapKind

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


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What arrived for one task id: ``value`` for SUCCESS, ``error`` (an exception) otherwise.

    ``date_done`` is when the task ended by its worker's wall clock, as the message has it (ISO
    8601), and ``worker`` the node's name, where the app has `result_extended`. Neither is read from
    ordinary messages when the client has no ``on_result``."""

    id: str
    state: str
    value: Any
    error: BaseException | None
    seen_ns: int
    traceback: str | None = None
    date_done: Any = None
    worker: str | None = None


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
    starts in workers that did not end in a retry, nor with their process; None without a probe.
    ``results`` counts results that arrived."""

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
    cut_off: int = 0
    """How often the process that had started the task ended before the task did."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One second of the run. Rates are of that second; ``pools`` maps a pool to (cpu ratio, rss
    bytes). ``others_cpu_ratio`` is what all processes of the machine used that are not ours (1.0 is
    one core); None where it is not known."""

    at_s: float
    sent: int
    completed: int
    failed: int
    in_flight: int
    backlog: Mapping[str, int]
    pools: Mapping[str, tuple[float, int]]
    orchestrator_cpu_ratio: float
    orchestrator_rss_bytes: int
    others_cpu_ratio: float | None = None


@dataclass(frozen=True, slots=True)
class Drain:
    """How a backlog went: how long it took to fill, and then until ``iterations`` had ended."""

    iterations: int
    fill_s: float
    drain_s: float

    @property
    def rate_per_s(self) -> float:
        """Iterations per second of the drain."""
        return self.iterations / self.drain_s if self.drain_s > 0 else 0.0
