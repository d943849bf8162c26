"""The timeline: the six points of each task, put together from the driver, the probe and the
results.

intended -> published -> received by the worker -> started -> finished -> result seen. A task that
is retried runs more than once under one id; its points are those of the last attempt."""

from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import anyio

from orchestrator.observe.canvas_table import UNKNOWN, CanvasTable
from orchestrator.observe.clocks import wall_ns
from orchestrator.observe.kinds import Kind, Kinds
from orchestrator.observe.names import Names
from orchestrator.observe.timeline_context import Counts, TimelineContext
from orchestrator.records import (
    CanvasOutcome,
    CanvasState,
    Expectation,
    Outcome,
    Submission,
    TaskResult,
)

READY_STATES = frozenset({"SUCCESS", "FAILURE", "REVOKED", "REJECTED", "IGNORED"})


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The outcomes of a run, to be gone through as often as wanted; each is made when its turn
    comes, so that they are never all in memory."""

    make: Callable[[], Iterator[Outcome]]

    def __iter__(self) -> Iterator[Outcome]:
        return self.make()


POINTS = ("intended", "sent", "published", "received", "started", "finished", "seen")
_INTENDED, _SENT, _PUBLISHED, _RECEIVED, _STARTED, _FINISHED, _SEEN = range(len(POINTS))
_TOLD = (_RECEIVED, _STARTED, _FINISHED)
"""Those that a worker told, which has a clock of its own. (When a task was published by a worker is
only told by a probe.)"""
_NO_FINDING, _MATCHED, _NOT_MATCHED = 0, 1, 2
_MATCH: tuple[bool | None, ...] = (None, True, False)


class Timeline:
    """Collects events in any order and gives an `Outcome` for each task that was sent.

    It keeps one row for each task, in columns of numbers: some 250 bytes a task, its id included,
    of which the garbage collector sees nothing."""

    def __init__(self) -> None:
        self._rows: dict[str, int] = {}
        """Id -> row; rows are numbered in the order of the ids."""
        self._at = tuple(array("q") for _ in POINTS)
        self._canvas_row = array("q")
        self.kinds = Kinds()
        self._kind = array("I")
        self._workers: Names[str] = Names("")
        self._worker = array("H")
        self._states: Names[str] = Names("PENDING")
        self._state = bytearray()
        self._starts = array("H")
        self._ends = array("H")
        self._retries = array("H")
        self._results = array("H")
        self._match = bytearray()
        self._reasons: dict[int, str] = {}
        self.canvases = CanvasTable()
        self.counts = Counts()
        self.recent: array[int] | None = None
        """Rows whose result came, for whoever sets it to an array, and empties it."""
        self.outstanding = 0
        """How many results are still to come."""
        self.reads_results = False
        """Whether a result's own fields count (its end, its worker): where there is no probe."""
        self._dated: set[int] = set()
        """Rows whose end is from the result itself."""
        self.held: set[str] = set()
        """Ids that a worker has taken from the broker and not finished."""
        self._cut_off: dict[int, int] = {}
        """By row: executions whose process ended before they did."""
        self.over = False
        """Set when the load is over: what ends with the workers from then on is no news."""
        self._settled: anyio.Event | None = None

    # ---- from the driver ----

    def add(self, submission: Submission) -> None:
        canvas_row = self.canvases.open(submission.workload, submission.iteration)
        for expectation in submission.expectations:
            self._add(expectation, submission.intended_ns, canvas_row)
        self.counts.sent += len(submission.expectations)

    def _add(self, expectation: Expectation, intended_ns: int, canvas_row: int) -> None:
        self._rows[expectation.id] = len(self._state)
        for column in self._at:
            column.append(UNKNOWN)
        if expectation.direct:
            self._at[_INTENDED][-1] = intended_ns
        self._canvas_row.append(canvas_row)
        kind = Kind(
            expectation.workload,
            expectation.task,
            expectation.queue,
            expectation.direct,
            expectation.ignored,
        )
        number = self.kinds.number(kind)
        self.kinds.tallies[number].sent += 1
        self._kind.append(number)
        for counter in (self._worker, self._starts, self._ends, self._retries, self._results):
            counter.append(0)
        self._state.append(0)
        self._match.append(_NO_FINDING)
        self.outstanding += not expectation.ignored

    def sent(self, submission: Submission, sent_ns: int, published_ns: int) -> None:
        for expectation in submission.expectations:
            if expectation.direct:
                row = self._rows[expectation.id]
                # Else a worker was quick enough to retry already.
                if self._at[_PUBLISHED][row] == UNKNOWN:
                    self._at[_SENT][row] = sent_ns
                    self._at[_PUBLISHED][row] = published_ns

    def ended(self, outcome: CanvasOutcome) -> None:
        self.canvases.end(outcome)
        counts = self.counts
        counts.iterations[outcome.workload] = counts.iterations.get(outcome.workload, 0) + 1
        counts.timed_out += outcome.state == "timeout"

    # ---- from the probe: a `ProbeListener` (ids that are not ours are other people's tasks) ----

    def published(self, task_id: str, at_ns: int) -> None:
        """A worker published it: a later link, a chord's body, or a retry."""
        if (row := self._rows.get(task_id)) is not None:
            self._at[_SENT][row] = UNKNOWN
            self._at[_PUBLISHED][row] = at_ns

    def received(self, task_id: str, at_ns: int, worker: str) -> None:
        if (row := self._rows.get(task_id)) is not None:
            self._at[_RECEIVED][row] = at_ns
            self._worker[row] = self._workers.number(worker)
            if self._at[_FINISHED][row] < at_ns:  # else it is old news
                self.held.add(task_id)

    def started(self, task_id: str, at_ns: int, worker: str) -> None:
        if (row := self._rows.get(task_id)) is not None:
            self._starts[row] += 1
            self._worker[row] = self._workers.number(worker)
            if row in self._dated:  # an event that was overtaken by the result
                return
            self._at[_STARTED][row] = at_ns
            self._at[_FINISHED][row] = UNKNOWN

    def finished(self, task_id: str, at_ns: int, state: str, worker: str) -> None:
        if (row := self._rows.get(task_id)) is not None:
            if row not in self._dated:
                self._at[_FINISHED][row] = at_ns
            self._ends[row] += 1
            self.held.discard(task_id)
            if state == "RETRY":
                self._retries[row] += 1

    def cut_off(self, task_id: str) -> None:
        """That execution counts for none, unless there was a result (a hard time limit)."""
        if not self.over and (row := self._rows.get(task_id)) is not None:
            self._cut_off[row] = self._cut_off.get(row, 0) + 1
            self.held.discard(task_id)

    def gone(self, worker: str) -> None:
        """What it had taken and not started is the broker's again."""
        if not self.over:
            number = self._workers.number(worker)
            self.held -= {
                task_id for task_id in self.held if self._worker[self._rows[task_id]] == number
            }

    def ran(self, task_id: str, run_ns: int) -> None:
        """How long the execution took that was `finished` last, by the process that did it."""
        if (row := self._rows.get(task_id)) is not None and run_ns >= 0:
            self._at[_STARTED][row] = self._at[_FINISHED][row] - run_ns

    # ---- from the client ----

    def result(self, result: TaskResult) -> None:
        """A result message. Celery tells some failures twice (a hard time limit: when it strikes,
        and when the killed process is found); the second is no news, and no second result."""
        row = self._rows.get(result.id)
        if row is None or result.state not in READY_STATES:
            return
        if self._results[row] and "SUCCESS" not in (self._state_of(row), result.state):
            return
        self._results[row] += 1
        if self._results[row] > 1:
            return
        self._state[row] = self._states.number(result.state)
        self._at[_SEEN][row] = result.seen_ns
        if self.reads_results:
            self._read(row, result)
        self.outstanding -= not self.kinds[self._kind[row]].ignored
        if self._settled is not None and not self.outstanding:
            self._settled.set()
        self._count(row, result.state)

    def _count(self, row: int, state: str) -> None:
        tally = self.kinds.tallies[self._kind[row]]
        self.counts.completed += 1
        if state == "SUCCESS":
            tally.succeeded += 1
        else:
            self.counts.failed += 1
            tally.failed += state == "FAILURE"
        if self.recent is not None:
            self.recent.append(row)

    def _read(self, row: int, result: TaskResult) -> None:
        """Celery takes ``date_done`` right after the task's end, in the process that ran it; an
        event is of the worker's main process, which hears of it later."""
        if not self._worker[row] and result.worker:
            self._worker[row] = self._workers.number(result.worker)
        done_ns = wall_ns(result.date_done)
        if done_ns is None:
            return
        started, finished = self._at[_STARTED][row], self._at[_FINISHED][row]
        if UNKNOWN not in (started, finished):
            self._at[_STARTED][row] = done_ns - (finished - started)
        self._at[_FINISHED][row] = done_ns
        self._dated.add(row)

    def matched(self, task_id: str, matched: bool | None, reason: str | None) -> None:
        if (row := self._rows.get(task_id)) is not None:
            self._match[row] = _MATCH.index(matched)
            succeeded = self._state_of(row) == "SUCCESS"
            self.counts.wrong += succeeded and matched is False
            self.counts.expected += not succeeded and matched is True
            if reason is not None:
                self._reasons[row] = reason

    # ---- to the judge ----

    async def settled(self) -> None:
        """Return once every result that is expected so far has come."""
        if self.outstanding:
            self._settled = anyio.Event()
            await self._settled.wait()

    def unanswered(self) -> dict[str, list[str]]:
        """The ids of the tasks without a result, by queue, in the order in which they were sent."""
        found: dict[str, list[str]] = {}
        for row, task_id in enumerate(self._rows):
            kind = self.kinds[self._kind[row]]
            if not self._results[row] and not kind.ignored:
                found.setdefault(kind.queue, []).append(task_id)
        return found

    def shift_bounds(self) -> dict[str, tuple[int | None, int | None]]:
        """For each worker (node): how much at least, and at most, must be added to the times that
        it told. It received a task after we sent it and before we saw its result, which also says
        of itself that it is from before we saw it."""
        least: dict[int, int] = {}
        most: dict[int, int] = {}
        columns = (self._at[_SENT], self._at[_RECEIVED], self._at[_FINISHED], self._at[_SEEN])
        rows = zip(self._worker, *columns, strict=True)
        for row, (worker, sent, received, finished, seen) in enumerate(rows):
            told = finished if row in self._dated else received
            if UNKNOWN not in (sent, received):
                least[worker] = max(sent - received, least.get(worker, sent - received))
            if UNKNOWN not in (told, seen):
                most[worker] = min(seen - told, most.get(worker, seen - told))
        return {
            self._workers[worker]: (least.get(worker), most.get(worker))
            for worker in least.keys() | most.keys()
        }

    def running(self) -> set[str]:
        """Ids that a worker has taken and not finished."""
        return {
            task_id
            for row, task_id in enumerate(self._rows)
            if self._starts[row] - self._cut_off.get(row, 0) > self._ends[row]
            or task_id in self.held
        }

    def outcomes(
        self,
        context: TimelineContext,
        *,
        measured_from_ns: int,
        unfinished: Callable[[str], bool],
        stopped: bool = False,
    ) -> "Outcomes":
        """One `Outcome` for each task that was sent when one begins to go through them; the run
        may go on meanwhile. ``unfinished`` says of an id without a result that the broker or a
        worker still has it. When the run was ``stopped`` early, the tasks of canvases that were
        stopped with it are left out, unless a result came."""
        return Outcomes(
            lambda: self._outcomes(context, measured_from_ns, unfinished, stopped=stopped)
        )

    def _outcomes(
        self,
        context: TimelineContext,
        measured_from_ns: int,
        unfinished: Callable[[str], bool],
        *,
        stopped: bool,
    ) -> Iterator[Outcome]:
        for row, task_id in enumerate(tuple(self._rows)):
            state = self.canvases.state(self._canvas_row[row])
            results = self._results[row]
            if state is None or (stopped and state == "stopped" and not results):
                continue
            yield self._outcome(
                row, task_id, state, context, measured_from_ns, not results and unfinished(task_id)
            )

    def some(
        self, rows: Iterable[int], context: TimelineContext, *, measured_from_ns: int
    ) -> Iterator[Outcome]:
        """The outcomes of these rows so far, without their ids; none is called late yet."""
        for row in rows:
            yield self._outcome(row, "", "ok", context, measured_from_ns, unfinished=False)

    def _outcome(
        self,
        row: int,
        task_id: str,
        canvas_state: CanvasState,
        context: TimelineContext,
        measured_from_ns: int,
        unfinished: bool,
    ) -> Outcome:
        kind = self.kinds[self._kind[row]]
        canvas_row = self._canvas_row[row]
        worker = self._workers[self._worker[row]]
        points = [None if (at := column[row]) == UNKNOWN else at for column in self._at]
        for point in _TOLD:
            points[point] = context.on_our_clock(self._at[point][row], worker)
        ended_ns = self.canvases.ended_ns(canvas_row)
        retries = self._retries[row]
        return Outcome(
            id=task_id,
            task=kind.task,
            queue=kind.queue,
            pool=context.pool_of_worker.get(worker) or context.pool_of_queue.get(kind.queue, ""),
            worker=worker,
            workload=kind.workload,
            iteration=self.canvases.iteration(canvas_row),
            tags=context.tags.get(kind.workload, {}),
            direct=kind.direct,
            intended_ns=points[_INTENDED],
            sent_ns=points[_SENT],
            published_ns=points[_PUBLISHED],
            received_ns=points[_RECEIVED],
            started_ns=points[_STARTED],
            finished_ns=points[_FINISHED],
            seen_ns=points[_SEEN],
            state=self._state_of(row),
            executions=self._executions(row, probed=context.probed),
            retries=retries,
            results=self._results[row],
            matched=_MATCH[self._match[row]],
            late=canvas_state == "timeout" and (points[_SEEN] or ended_ns) >= ended_ns,
            ignored=kind.ignored,
            measured=self.canvases.intended_ns(canvas_row) >= measured_from_ns,
            unfinished=unfinished,
            reason=self._reasons.get(row),
            cut_off=self._cut_off.get(row, 0),
        )

    def _executions(self, row: int, *, probed: bool) -> int | None:
        """Celery events may get lost: what they tell was executed was; of the rest nobody knows."""
        begun = max(0, self._starts[row] - self._retries[row])
        cut_off = self._cut_off.get(row, 0)
        seen = max(begun - cut_off, 1 if begun and self._results[row] else 0)
        return seen if probed or seen else None

    def _state_of(self, row: int) -> str:
        return self._states[self._state[row]]
