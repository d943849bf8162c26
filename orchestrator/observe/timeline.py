"""The timeline: the six points of each task, put together from the driver, the probe and the
results.

intended -> published -> received by the worker -> started -> finished -> result seen. A task that
is retried runs more than once under one id; its points are those of the last attempt."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import anyio

from orchestrator.records import (
    CanvasOutcome,
    Expectation,
    Outcome,
    Plan,
    Submission,
    TaskResult,
)

READY_STATES = frozenset({"SUCCESS", "FAILURE", "REVOKED", "REJECTED", "IGNORED"})


@dataclass(slots=True)
class _Track:
    """What is known of one task so far. ``starts`` counts executions that began, retries
    included."""

    expectation: Expectation
    intended_ns: int | None
    sent_ns: int | None = None
    published_ns: int | None = None
    received_ns: int | None = None
    started_ns: int | None = None
    finished_ns: int | None = None
    seen_ns: int | None = None
    worker: str = ""
    state: str = "PENDING"
    starts: int = 0
    ends: int = 0
    retries: int = 0
    results: int = 0
    matched: bool | None = None
    reason: str | None = None


@dataclass(slots=True)
class Counts:
    """Running totals for the series and the progress line."""

    sent: int = 0
    completed: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class TimelineContext:
    """What a task's tags are made of: ``pool_of_worker`` maps a worker process to its pool,
    ``pool_of_queue`` a queue to the only pool that consumes it, ``tags`` a workload to its own
    tags."""

    pool_of_worker: Mapping[str, str]
    pool_of_queue: Mapping[str, str]
    tags: Mapping[str, Mapping[str, str]]
    probed: bool = True

    @classmethod
    def of(cls, plan: Plan, pool_of_worker: Mapping[str, str]) -> "TimelineContext":
        """The context of a plan's run."""
        consumers: dict[str, set[str]] = {}
        for pool in plan.pools:
            for queue in pool.queues:
                consumers.setdefault(queue, set()).add(pool.name)
        return cls(
            pool_of_worker=pool_of_worker,
            pool_of_queue={
                queue: min(pools) for queue, pools in consumers.items() if len(pools) == 1
            },
            tags={workload.name: workload.tags for workload in plan.workloads},
        )


class Timeline:
    """Collects events in any order and gives an `Outcome` for each task that was sent."""

    def __init__(self) -> None:
        self._tracks: dict[str, _Track] = {}
        self._ended: dict[tuple[str, int], CanvasOutcome] = {}
        self.counts = Counts()
        self.outstanding = 0
        """How many results are still to come."""
        self._settled: anyio.Event | None = None

    # ---- from the driver ----

    def add(self, submission: Submission) -> None:
        for expectation in submission.expectations:
            intended_ns = submission.intended_ns if expectation.direct else None
            self._tracks[expectation.id] = _Track(expectation, intended_ns)
            self.outstanding += not expectation.ignored
        self.counts.sent += len(submission.expectations)

    def sent(self, submission: Submission, sent_ns: int, published_ns: int) -> None:
        for expectation in submission.expectations:
            if expectation.direct:
                track = self._tracks[expectation.id]
                if track.published_ns is None:  # else a worker was quick enough to retry already
                    track.sent_ns = sent_ns
                    track.published_ns = published_ns

    def ended(self, outcome: CanvasOutcome) -> None:
        self._ended[(outcome.workload, outcome.iteration)] = outcome

    # ---- from the probe: a `ProbeListener` (ids that are not ours are other people's tasks) ----

    def published(self, task_id: str, at_ns: int) -> None:
        """A worker published it: a later link, a chord's body, or a retry."""
        if track := self._tracks.get(task_id):
            track.sent_ns = None
            track.published_ns = at_ns

    def received(self, task_id: str, at_ns: int, worker: str) -> None:
        if track := self._tracks.get(task_id):
            track.received_ns = at_ns
            track.worker = worker

    def started(self, task_id: str, at_ns: int, worker: str) -> None:
        if track := self._tracks.get(task_id):
            track.starts += 1
            track.started_ns = at_ns
            track.finished_ns = None
            track.worker = worker

    def finished(self, task_id: str, at_ns: int, state: str, worker: str) -> None:
        if track := self._tracks.get(task_id):
            track.finished_ns = at_ns
            track.ends += 1
            if state == "RETRY":
                track.retries += 1

    # ---- from the client ----

    def result(self, result: TaskResult) -> None:
        """A result message. Celery tells some failures twice (a hard time limit: when it strikes,
        and when the killed process is found); the second is no news, and no second result."""
        track = self._tracks.get(result.id)
        if track is None or result.state not in READY_STATES:
            return
        if track.results and "SUCCESS" not in (track.state, result.state):
            return
        track.results += 1
        if track.results > 1:
            return
        track.state = result.state
        track.seen_ns = result.seen_ns
        self.outstanding -= not track.expectation.ignored
        if self._settled is not None and not self.outstanding:
            self._settled.set()
        self.counts.completed += 1
        if result.state != "SUCCESS":
            self.counts.failed += 1

    def matched(self, task_id: str, matched: bool | None, reason: str | None) -> None:
        if track := self._tracks.get(task_id):
            track.matched = matched
            track.reason = reason

    # ---- to the judge ----

    async def settled(self) -> None:
        """Return once every result that is expected so far has come."""
        if self.outstanding:
            self._settled = anyio.Event()
            await self._settled.wait()

    def running(self) -> set[str]:
        """Ids that a worker has taken and not finished."""
        return {
            task_id
            for task_id, track in self._tracks.items()
            if track.starts > track.ends or (track.received_ns and not track.starts)
        }

    def outcomes(
        self,
        context: TimelineContext,
        *,
        measured_from_ns: int,
        unfinished: Callable[[str], bool],
        stopped: bool = False,
    ) -> Iterator[Outcome]:
        """One `Outcome` for each task. ``unfinished`` says of an id without a result that the
        broker or a worker still has it. When the run was ``stopped`` early, the tasks of canvases
        that were stopped with it are left out, unless a result came."""
        for task_id, track in self._tracks.items():
            canvas = self._ended.get((track.expectation.workload, track.expectation.iteration))
            if canvas is None or (stopped and canvas.state == "stopped" and not track.results):
                continue
            yield self._outcome(
                track, canvas, context, measured_from_ns, not track.results and unfinished(task_id)
            )

    def _outcome(
        self,
        track: _Track,
        canvas: CanvasOutcome,
        context: TimelineContext,
        measured_from_ns: int,
        unfinished: bool,
    ) -> Outcome:
        expectation = track.expectation
        pool = context.pool_of_worker.get(track.worker) or context.pool_of_queue.get(
            expectation.queue, ""
        )
        return Outcome(
            id=expectation.id,
            task=expectation.task,
            queue=expectation.queue,
            pool=pool,
            worker=track.worker,
            workload=expectation.workload,
            iteration=expectation.iteration,
            tags=context.tags.get(expectation.workload, {}),
            direct=expectation.direct,
            intended_ns=track.intended_ns,
            sent_ns=track.sent_ns,
            published_ns=track.published_ns,
            received_ns=track.received_ns,
            started_ns=track.started_ns,
            finished_ns=track.finished_ns,
            seen_ns=track.seen_ns,
            state=track.state,
            executions=max(0, track.starts - track.retries) if context.probed else None,
            retries=track.retries,
            results=track.results,
            matched=track.matched,
            late=canvas.state == "timeout"
            and (track.seen_ns or canvas.ended_ns) >= canvas.ended_ns,
            ignored=expectation.ignored,
            measured=canvas.intended_ns >= measured_from_ns,
            unfinished=unfinished,
            reason=track.reason,
        )
