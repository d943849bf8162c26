"""All outcomes of a run -> what is to be said of it. The one pure function at the end of a run, and
a look at some thresholds while it goes on."""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestrator.judge.aftermath import Aftermath
from orchestrator.judge.aggregate import Fold
from orchestrator.judge.metrics import (
    CHORD_COUNTERS,
    COUNTERS,
    RATES,
    TASK_TRENDS,
    TRENDS,
    UNVERIFIED,
    HeaderTask,
    Metrics,
)
from orchestrator.judge.thresholds import evaluate
from orchestrator.judge.verdicts import Judged, judged
from orchestrator.judge.verify import NotRun
from orchestrator.judge.view import View, label_values
from orchestrator.records import (
    VERDICTS,
    CanvasOutcome,
    Drain,
    FaultEvent,
    Judgement,
    Outcome,
    Plan,
    Sample,
    ThresholdResult,
    Trend,
    Verdict,
    WorkloadPlan,
    WorkloadResult,
)

IDS_CAP = 100
"""How many ids of each verdict that is not ok are kept by name."""
Chord = tuple[tuple[str, ...], str]
IMPLIED: Mapping[str, frozenset[str]] = {
    "tasks_failed": frozenset({"tasks_failed", "tasks_succeeded", "errors", "verified"}),
    "tasks_late": frozenset({"tasks_late", "tasks_succeeded", "errors", "verified"}),
}
"""Counters that must be 0 unless the scenario has a threshold of its own on one of these
metrics."""


STEP = 16
"""Of how many tasks, canvases or chords `standing` takes note at a time: a part of a
millisecond."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a run is judged by.

    ``measured_s`` is the length of the measured time (without the warm-up): what per-second figures
    are divided by. Canvases intended before ``measured_from_ns`` belong to the warm-up. Windows of
    thresholds end at ``until_ns`` (0: the latest moment that was seen). ``offers`` says when each
    workload began and ceased to start iterations (ns). ``not_run`` comes from `Checker.not_run`.
    """

    outcomes: Iterable[Outcome]
    canvases: Iterable[CanvasOutcome] = ()
    chords: Sequence[Chord] = ()
    measured_s: float = 0.0
    measured_from_ns: int = 0
    until_ns: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    offers: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    drains: Mapping[str, Drain] = field(default_factory=dict)
    folds: Mapping[str, Fold] = field(default_factory=dict)
    samples: Iterable[Sample] = ()
    not_run: Mapping[str, NotRun] = field(default_factory=dict)
    faults: Sequence[FaultEvent] = ()
    load_start_ns: int = 0


def judge(plan: Plan, evidence: Evidence) -> tuple[Judgement, list[Verdict]]:
    """Judge a run; gives the judgement and the verdict of each outcome, in their order."""
    docket = _Docket(plan, evidence, running=False)
    for _ in docket.heard():
        """Go on."""
    view = docket.view()
    thresholds = tuple(evaluate(threshold, view) for threshold in plan.thresholds)
    return docket.judgement(view, (*thresholds, *_implied(plan, view))), docket.verdicts


def standing(plan: Plan, evidence: Evidence) -> Generator[None, None, tuple[ThresholdResult, ...]]:
    """How the plan's thresholds stand while the run goes on, a step of `STEP` outcomes at a time; a
    task without a result is still awaited, not lost."""
    docket = _Docket(plan, evidence, running=True)
    yield from docket.heard()
    view = docket.view()
    results = []
    for threshold in plan.thresholds:
        results.append(evaluate(threshold, view))
        yield
    return tuple(results)


class _Docket:
    """What is collected while outcomes go by."""

    def __init__(self, plan: Plan, evidence: Evidence, *, running: bool) -> None:
        windows = (threshold.window_s or 0.0 for threshold in plan.thresholds)
        self.verdicts: list[Verdict] = []
        self._plan = plan
        self._evidence = evidence
        self._metrics = Metrics(window_s=max(windows, default=0.0))
        self._running = running
        self._aftermath = Aftermath(evidence.faults, plan.pools, evidence.load_start_ns)
        self._chords = tuple(evidence.chords)
        self._header: dict[str, HeaderTask | None] = {}
        self._bodies: dict[str, Outcome | None] = {}
        for header, body in self._chords:
            self._bodies[body] = None
            self._header.update(dict.fromkeys(header))
        self._counts: dict[Verdict, int] = dict.fromkeys(VERDICTS, 0)
        self._ids: dict[Verdict, list[str]] = {name: [] for name in VERDICTS if name != "ok"}
        self._reasons: dict[str, str] = {}
        self._tasks: dict[str, str] = {}

    def heard(self) -> Iterator[None]:
        """Take note of all there is, `STEP` tasks, canvases and chords at a time."""
        evidence, metrics = self._evidence, self._metrics
        for number, outcome in enumerate(evidence.outcomes):
            if number % STEP == 0:
                yield
            self._add(outcome)
        for number, canvas in enumerate(evidence.canvases):
            if number % STEP == 0:
                yield
            metrics.add_canvas(canvas, measured=canvas.intended_ns >= evidence.measured_from_ns)
        for number, chord in enumerate(self._chords):
            if number % STEP == 0:
                yield
            self._join(*chord)

    def view(self) -> View:
        """Of all that was heard, and of what needs no going through."""
        plan, evidence, metrics = self._plan, self._evidence, self._metrics
        for workload, (begin_ns, end_ns) in evidence.offers.items():
            metrics.offers[workload] = (max(begin_ns, evidence.measured_from_ns), end_ns)
        metrics.drains.update(evidence.drains)
        for fault in self._aftermath.reports():
            metrics.add_fault(fault)
        for workload, count in evidence.dropped.items():
            metrics.drop(workload, count)
        for sample in evidence.samples:
            if sample.at_s > plan.warmup_s or not plan.warmup_s:
                metrics.add_sample(sample)
        return View(metrics, evidence.measured_s, evidence.until_ns)

    def _add(self, outcome: Outcome) -> None:
        if outcome.id in self._header:
            succeeded = outcome.state == "SUCCESS"
            self._header[outcome.id] = HeaderTask(outcome.finished_ns, succeeded)
        if outcome.id in self._bodies:
            self._bodies[outcome.id] = outcome
        if self._running and not outcome.results:
            self._metrics.add(outcome, None)
            return
        said = judged(outcome, self._evidence.not_run.get(outcome.id))
        self.verdicts.append(said.verdict)
        self._counts[said.verdict] += 1
        self._metrics.add(outcome, said.verdict)
        self._aftermath.add(outcome, said.verdict)
        if said.verdict != "ok":
            self._name(outcome, said)

    def _name(self, outcome: Outcome, said: Judged) -> None:
        ids = self._ids[said.verdict]
        if len(ids) < IDS_CAP:
            ids.append(outcome.id)
            self._tasks[outcome.id] = outcome.task
            if said.reason is not None:
                self._reasons[outcome.id] = said.reason

    def _join(self, header: Sequence[str], body: str) -> None:
        tasks = [task for task_id in header if (task := self._header[task_id]) is not None]
        outcome = self._bodies[body]
        if len(tasks) == len(header) and outcome is not None:
            self._metrics.add_chord(tasks, outcome)

    def judgement(self, view: View, thresholds: Sequence[ThresholdResult]) -> Judgement:
        named = sum(len(ids) for ids in self._ids.values())
        folds = self._evidence.folds
        return Judgement(
            counts=self._counts,
            ids={verdict: tuple(ids) for verdict, ids in self._ids.items()},
            ids_capped=named < sum(self._counts.values()) - self._counts["ok"],
            reasons=self._reasons,
            workloads=tuple(
                _workload(view, workload, folds.get(workload.name))
                for workload in self._plan.workloads
            ),
            metrics={metric: view.trend(metric) for metric in TRENDS},
            counters={
                event: view.count(event) for event in (*COUNTERS, *CHORD_COUNTERS, UNVERIFIED)
            },
            rates={name: view.rate(name) or 0.0 for name in RATES if name != "drain_rate"},
            by_task=_by(view, "task"),
            by_queue=_by(view, "queue"),
            by_pool=_by(view, "pool"),
            thresholds=tuple(thresholds),
            tasks=self._tasks,
            faults=self._aftermath.reports(),
        )


def _by(view: View, label: str) -> dict[str, dict[str, Trend]]:
    """The trends of every task, queue or pool, those that have samples."""
    table: dict[str, dict[str, Trend]] = {}
    for value in label_values(view.metrics.cells, label):
        trends = {metric: view.trend(metric, {label: value}) for metric in TASK_TRENDS}
        table[value] = {metric: trend for metric, trend in trends.items() if trend.count}
    return table


def _workload(view: View, workload: WorkloadPlan, accumulator: Fold | None) -> WorkloadResult:
    selector = {"workload": workload.name}
    value: Any = None if accumulator is None else accumulator.value
    return WorkloadResult(
        name=workload.name,
        executor=workload.executor,
        iterations=view.metrics.iterations.get(workload.name, 0),
        dropped_iterations=view.count("dropped_iterations", selector),
        offered_rate_per_s=view.rate("offered_rate", selector) or 0.0,
        throughput_per_s=view.rate("throughput", selector) or 0.0,
        aggregate=workload.aggregate,
        value=value,
        metrics={metric: view.trend(metric, selector) for metric in TRENDS},
        drain=view.metrics.drains.get(workload.name),
    )


def _implied(plan: Plan, view: View) -> tuple[ThresholdResult, ...]:
    """A task that failed or came late without being expected to does not pass in silence."""
    declared = {threshold.metric for threshold in plan.thresholds if not threshold.tags}
    return tuple(
        ThresholdResult(counter, "count==0", count, passed=False)
        for counter, spoken_for in IMPLIED.items()
        if not declared & spoken_for and (count := view.count(counter))
    )
