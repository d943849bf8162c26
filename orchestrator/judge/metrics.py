"""The metrics of a run, gathered in one pass; docs/metrics.md has every definition.

`Metrics` takes outcomes with their verdicts and files what they say under their labels (a cell for
each combination of workload, task, queue, pool, worker and tags). Any selector is then a choice of
cells. A time that nobody saw gives no sample, never a zero.
"""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import NamedTuple

from orchestrator.judge.histogram import Distribution
from orchestrator.records import CanvasOutcome, Drain, FaultReport, Outcome, Sample, Verdict
from orchestrator.scenario.metrics import FAULT_TRENDS

GAPS: Mapping[str, tuple[str, str]] = {
    "schedule_lag": ("intended_ns", "sent_ns"),
    "publish": ("sent_ns", "published_ns"),
    "queue_wait": ("published_ns", "received_ns"),
    "prefetch_wait": ("received_ns", "started_ns"),
    "run": ("started_ns", "finished_ns"),
    "result_lag": ("finished_ns", "seen_ns"),
}
"""The gaps between a task's points, in the order of time."""
TASK_TRENDS = (*GAPS, "task_duration", "chord_join")
TRENDS = (*GAPS, "task_duration", "canvas_duration", "chord_join", *FAULT_TRENDS)

COUNTER_OF: Mapping[Verdict, str] = {
    "ok": "tasks_succeeded",
    "failed": "tasks_failed",
    "lost_task": "tasks_lost",
    "lost_result": "results_lost",
    "duplicate": "tasks_duplicated",
    "wrong": "tasks_wrong",
    "late": "tasks_late",
}
COUNTERS = ("tasks_sent", *COUNTER_OF.values(), "tasks_retried", "dropped_iterations")
CHORD_COUNTERS = ("chord_bodies_early", "chord_bodies_twice", "chord_bodies_never")
UNVERIFIED = "tasks_unverified"
"""Counted beside the others: ok, but there was no reference and no `expect` to hold it against."""
COMPLETED = "completed"
"""Verified completions in the measured time: what throughput counts."""
RATES = ("throughput", "offered_rate", "drain_rate", "verified", "errors")
GAUGES = ("backlog", "worker_rss_bytes", "worker_cpu_ratio")

PRUNE_EVERY = 65_536
SLACK_NS = 60_000_000_000
"""Outcomes do not come in the order of time: so much longer than a window is kept."""

_POINTS = attrgetter(*(name for pair in GAPS.values() for name in pair))
_GAP_NAMES = tuple(GAPS)


class Labels(NamedTuple):
    """What a selector such as ``{task:add,pool:fast}`` chooses by."""

    workload: str
    task: str = ""
    queue: str = ""
    pool: str = ""
    worker: str = ""
    tags: tuple[tuple[str, str], ...] = ()

    def match(self, selector: Mapping[str, str]) -> bool:
        """Whether every tag of ``selector`` is met. A task is named in full or by its last part, a
        worker, or a pool that is a worker of others, by its node name or the part before the
        ``@``; a worker also by the name of the one in whose place it was started (``add.1~2``)."""
        return all(self._meets(name, value) for name, value in selector.items())

    def _meets(self, name: str, value: str) -> bool:
        if name == "task":
            return value in (self.task, self.task.rpartition(".")[2])
        if name in ("worker", "pool"):
            own = getattr(self, name)
            return value in (own, own.partition("@")[0], own.partition("~")[0])
        if name in ("workload", "queue"):
            return bool(getattr(self, name) == value)
        return (name, value) in self.tags


class HeaderTask(NamedTuple):
    """What a chord's join needs to know of one task of the header."""

    finished_ns: int | None
    succeeded: bool


class Series:
    """Values (ns) of one metric in one cell. With ``keep_ns`` the latest of them are kept with
    their times, for windows of at most that length."""

    __slots__ = ("_at", "_keep_ns", "_latest_ns", "_values", "all")

    def __init__(self, keep_ns: int = 0) -> None:
        self.all = Distribution()
        self._keep_ns = keep_ns
        self._latest_ns = 0
        self._values = array("q")
        self._at = array("q")

    def append(self, value: int, at_ns: int) -> None:
        self.all.add(value)
        if not self._keep_ns:
            return
        self._values.append(value)
        self._at.append(at_ns)
        self._latest_ns = max(self._latest_ns, at_ns)
        if len(self._at) % PRUNE_EVERY == 0:
            self._prune()

    def since(self, since_ns: int) -> Distribution:
        """Those after a moment, which must not be longer ago than ``keep_ns``."""
        times = zip(self._at, self._values, strict=True)
        return Distribution(value for at, value in times if at > since_ns)

    def _prune(self) -> None:
        oldest_ns = self._latest_ns - self._keep_ns - SLACK_NS
        kept = [(at, v) for at, v in zip(self._at, self._values, strict=True) if at > oldest_ns]
        self._at = array("q", (at for at, _ in kept))
        self._values = array("q", (value for _, value in kept))


class Events:
    """How often something happened: in all, in the measured time, and when (see `Series`)."""

    __slots__ = ("_at", "_keep_ns", "_latest_ns", "count", "measured")

    def __init__(self, keep_ns: int = 0) -> None:
        self.count = 0
        self.measured = 0
        self._keep_ns = keep_ns
        self._latest_ns = 0
        self._at = array("q")

    def append(self, at_ns: int, *, measured: bool) -> None:
        self.count += 1
        self.measured += measured
        if not self._keep_ns:
            return
        self._at.append(at_ns)
        self._latest_ns = max(self._latest_ns, at_ns)
        if len(self._at) % PRUNE_EVERY == 0:
            oldest_ns = self._latest_ns - self._keep_ns - SLACK_NS
            self._at = array("q", (at for at in self._at if at > oldest_ns))

    def since(self, since_ns: int | None) -> int:
        if since_ns is None or not self._keep_ns:
            return self.count
        return sum(at > since_ns for at in self._at)


@dataclass(slots=True)
class Cell:
    """Everything that was measured under one set of labels."""

    labels: Labels
    keep_ns: int = 0
    trends: dict[str, Series] = field(default_factory=dict)
    events: dict[str, Events] = field(default_factory=dict)

    def sample(self, metric: str, value: int, at_ns: int) -> None:
        series = self.trends.get(metric)
        if series is None:
            series = self.trends[metric] = Series(self.keep_ns)
        series.append(value, at_ns)

    def happened(self, event: str, at_ns: int, *, measured: bool) -> None:
        events = self.events.get(event)
        if events is None:
            events = self.events[event] = Events(self.keep_ns)
        events.append(at_ns, measured=measured)


class Metrics:
    """Takes everything in, once. Windows of thresholds may be as long as ``window_s``."""

    def __init__(self, *, window_s: float = 0.0) -> None:
        self._keep_ns = round(window_s * 1e9)
        self.cells: dict[Labels, Cell] = {}
        self.samples: list[Sample] = []
        self.dropped: dict[str, int] = {}
        self.iterations: dict[str, int] = {}
        self.measured_iterations: dict[str, int] = {}
        self.offers: dict[str, tuple[int, int]] = {}
        """When each workload began and ceased to start iterations (ns), the warm-up left out."""
        self.drains: dict[str, Drain] = {}
        self.last_ns = 0
        """The latest moment at which anything was seen."""

    def add(self, outcome: Outcome, verdict: Verdict | None) -> None:
        """One task; ``verdict`` is None while its result is still awaited."""
        cell = self._cell(_labels(outcome))
        measured = outcome.measured
        points: tuple[int | None, ...] = _POINTS(outcome)
        at_ns = outcome.seen_ns
        if at_ns is None:
            at_ns = max((point for point in points if point is not None), default=0)
        self.last_ns = max(self.last_ns, at_ns)
        cell.happened("tasks_sent", at_ns, measured=measured)
        if outcome.retries:
            cell.happened("tasks_retried", at_ns, measured=measured)
        if verdict is not None:
            _count_verdict(cell, outcome, verdict, at_ns)
        if measured:
            _sample_task(cell, outcome, points, at_ns)

    def add_canvas(self, canvas: CanvasOutcome, *, measured: bool) -> None:
        """One iteration. Its duration counts from the intended time, whatever its end was."""
        self.iterations[canvas.workload] = self.iterations.get(canvas.workload, 0) + 1
        if not measured:
            return
        count = self.measured_iterations.get(canvas.workload, 0)
        self.measured_iterations[canvas.workload] = count + 1
        if canvas.seen_ns is not None:
            self.last_ns = max(self.last_ns, canvas.seen_ns)
            duration = max(0, canvas.seen_ns - canvas.intended_ns)
            cell = self._cell(self._workload_labels(canvas.workload))
            cell.sample("canvas_duration", duration, canvas.seen_ns)

    def add_chord(self, header: Sequence[HeaderTask], body: Outcome) -> None:
        """One chord: from the end of its last header task to the start of its body, and whether
        the body ran when it should."""
        if not header:
            return
        cell = self._cell(_labels(body))
        known = [task.finished_ns for task in header if task.finished_ns is not None]
        last_ns = max(known) if len(known) == len(header) else None
        at_ns = body.started_ns or body.seen_ns or last_ns or 0
        if last_ns is not None and body.started_ns is not None:
            if body.measured:
                cell.sample("chord_join", max(0, body.started_ns - last_ns), body.started_ns)
            if body.started_ns < last_ns:
                cell.happened("chord_bodies_early", at_ns, measured=body.measured)
        if (body.executions or 0) > 1:
            cell.happened("chord_bodies_twice", at_ns, measured=body.measured)
        missing = body.executions == 0 and not (body.results or body.unfinished)
        if missing and all(task.succeeded for task in header):
            cell.happened("chord_bodies_never", at_ns, measured=body.measured)

    def add_fault(self, fault: FaultReport) -> None:
        """How long it took until its pool (any, when it was the broker) gave results again."""
        cell = self._cell(Labels("", pool=fault.plan.pool or ""))
        at_ns = self.last_ns
        for name, seconds in zip(FAULT_TRENDS, (fault.down_s, fault.recovered_s), strict=True):
            if seconds is not None:
                cell.sample(name, round(seconds * 1e9), at_ns)

    def add_sample(self, sample: Sample) -> None:
        """One second of the gauges."""
        self.samples.append(sample)

    def offered_s(self, workloads: Iterable[str]) -> float:
        """From the first start of these workloads to the last end; 0.0 when it is not known."""
        spans = [self.offers[workload] for workload in workloads if workload in self.offers]
        if not spans:
            return 0.0
        begin, end = min(span[0] for span in spans), max(span[1] for span in spans)
        return max(0, end - begin) / 1e9

    def drop(self, workload: str, count: int) -> None:
        """Iterations that were intended and never started."""
        self.dropped[workload] = self.dropped.get(workload, 0) + count

    def _cell(self, labels: Labels) -> Cell:
        cell = self.cells.get(labels)
        if cell is None:
            cell = self.cells[labels] = Cell(labels, self._keep_ns)
        return cell

    def _workload_labels(self, workload: str) -> Labels:
        """A canvas carries its workload's own tags, which its tasks have brought along."""
        for labels in self.cells:
            if labels.workload == workload:
                return Labels(workload, tags=labels.tags)
        return Labels(workload)


def _labels(outcome: Outcome) -> Labels:
    return Labels(
        outcome.workload,
        outcome.task,
        outcome.queue,
        outcome.pool,
        outcome.worker,
        tuple(sorted(outcome.tags.items())) if outcome.tags else (),
    )


def _count_verdict(cell: Cell, outcome: Outcome, verdict: Verdict, at_ns: int) -> None:
    measured = outcome.measured
    cell.happened(COUNTER_OF[verdict], at_ns, measured=measured)
    if verdict != "ok":
        return
    if outcome.results and outcome.matched is None:
        cell.happened(UNVERIFIED, at_ns, measured=measured)
    if outcome.results or outcome.finished_ns is not None:
        cell.happened(COMPLETED, at_ns, measured=measured)


def _sample_task(cell: Cell, outcome: Outcome, points: tuple[int | None, ...], at_ns: int) -> None:
    begin_of = iter(points)
    for name, begin, end in zip(_GAP_NAMES, begin_of, begin_of, strict=True):
        if begin is not None and end is not None:
            # Below zero only when the worker was quicker than the broker's reply to us.
            cell.sample(name, max(0, end - begin), at_ns)
    begin = outcome.intended_ns if outcome.intended_ns is not None else outcome.published_ns
    if begin is not None and outcome.seen_ns is not None:
        cell.sample("task_duration", max(0, outcome.seen_ns - begin), at_ns)
