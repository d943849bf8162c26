"""The ledger of a run: every event about every task goes in, outcomes come out. No I/O, no
clock."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from orchestrator.judge.aggregate import Fold
from orchestrator.judge.verify import Checker, Finding
from orchestrator.observe.timeline import Timeline
from orchestrator.records import CanvasOutcome, Drain, Submission, TaskResult, WorkloadPlan

TRACED_KINDS = 20
TRACEBACKS_EACH = 3
TRACEBACK_LIMIT = 8000
"""Characters; the end of a traceback says most."""


class Ledger:
    """What the driver, the probe and the client report to.

    ``folds`` maps a workload to the accumulator of its canvases' final values; canvases intended
    before ``measured_from_ns`` (the warm-up) are not folded. ``timeline`` takes the probe's events
    directly."""

    def __init__(self, folds: Mapping[str, Fold], *, measured_from_ns: int = 0) -> None:
        self.timeline = Timeline()
        self.checker = Checker()
        self.folds = folds
        self.measured_from_ns = measured_from_ns
        self.chords: list[tuple[tuple[str, ...], str]] = []
        self.dropped_iterations: dict[str, int] = {}
        self.offers: dict[str, tuple[int, int]] = {}
        self.drains: dict[str, Drain] = {}
        self.tracebacks: dict[str, str] = {}
        """Of the first few failures of each kind of exception, by task id."""
        self._traced: dict[str, int] = {}

    @property
    def canvases(self) -> Iterable[CanvasOutcome]:
        """Those that have ended."""
        return self.timeline.canvases

    @classmethod
    def for_workloads(
        cls, workloads: Iterable[WorkloadPlan], load_function: Callable[[str], Callable[..., Any]]
    ) -> "Ledger":
        """A ledger that folds the final values of each workload with an ``aggregate``.

        ``load_function`` imports the ``module:function`` of an aggregate that names one.
        """
        return cls(
            {
                workload.name: Fold.named(workload.aggregate, load_function)
                for workload in workloads
                if workload.aggregate
            }
        )

    def submitted(self, submission: Submission) -> None:
        self.chords.extend(submission.chords)
        self.timeline.add(submission)
        for expectation in submission.expectations:
            self.checker.expect(expectation)

    def published(self, submission: Submission, sent_ns: int, published_ns: int) -> None:
        self.timeline.sent(submission, sent_ns, published_ns)

    def ended(self, outcome: CanvasOutcome, value: Any) -> None:
        self.timeline.ended(outcome)
        accumulator = self.folds.get(outcome.workload)
        measured = outcome.intended_ns >= self.measured_from_ns
        if accumulator is not None and measured and outcome.state == "ok":
            accumulator.add(outcome.iteration, value)

    def dropped(self, workload: str, count: int) -> None:
        self.dropped_iterations[workload] = self.dropped_iterations.get(workload, 0) + count

    def offered(self, workload: str, begin_ns: int, end_ns: int) -> None:
        self.offers[workload] = (begin_ns, end_ns)

    def drained(self, workload: str, drain: Drain) -> None:
        self.drains[workload] = drain

    def result(self, result: TaskResult) -> None:
        """A result arrived: the second one for the same id is counted, not checked."""
        self.timeline.result(result)
        if result.traceback:
            self._trace(result.id, type(result.error).__name__, str(result.traceback))
        self._note(self.checker.result(result))

    def finish(self) -> None:
        """No more results will come: check what waited for inputs in vain."""
        self._note(self.checker.finish())

    def _trace(self, task_id: str, kind: str, traceback: str) -> None:
        if len(self._traced) < TRACED_KINDS or kind in self._traced:
            self._traced[kind] = self._traced.get(kind, 0) + 1
            if self._traced[kind] <= TRACEBACKS_EACH:
                self.tracebacks[task_id] = traceback[-TRACEBACK_LIMIT:]

    def _note(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            self.timeline.matched(finding.id, finding.matched, finding.reason)
