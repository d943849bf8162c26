"""The driver: runs all workloads at once, each canvas sent at its time and awaited to its end."""

from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import Any, Protocol

import anyio
from anyio.abc import TaskGroup
from celery import Signature

from orchestrator.client import Client, Handle
from orchestrator.errors import BrokerUnavailable, ClientError, OrchestratorError, PublishUncertain
from orchestrator.load.canvas import CanvasBuilder
from orchestrator.load.clock import after, now_ns, sleep_until
from orchestrator.load.executors import EXECUTORS
from orchestrator.load.flight import Flight
from orchestrator.records import CanvasOutcome, Drain, Submission, WorkloadPlan

TOGETHER = 64
"""The most iterations that are sent together: few enough for the event loop to wait for."""

GRAIN_S = 0.01
"""How exactly a canvas's ``timeout`` is kept."""

JOIN_S = 0.001
"""How long what is due waits for what is on its way to the broker, so as to go out with more."""

AGAIN_S = 0.1
"""How long after a broker that is away was last asked to take something."""

Due = tuple[Flight, Signature]


class Recorder(Protocol):
    """Who is told what the driver does. ``submitted`` comes before the canvas is published;
    ``offered`` says when a workload began and ceased to start iterations."""

    def submitted(self, submission: Submission) -> None: ...

    def published(self, submission: Submission, sent_ns: int, published_ns: int) -> None: ...

    def ended(self, outcome: CanvasOutcome, value: Any) -> None: ...

    def dropped(self, workload: str, count: int) -> None: ...

    def offered(self, workload: str, begin_ns: int, end_ns: int) -> None: ...

    def drained(self, workload: str, drain: Drain) -> None: ...


class Consumption(Protocol):
    """Stops our workers from consuming queues, and lets them go on."""

    async def pause(self, queues: Iterable[str]) -> None: ...

    async def resume(self, queues: Iterable[str]) -> None: ...


class Driver:
    """Drives the workloads of a plan through one client.

    ``run`` returns when every workload has started what it starts and its canvases have ended, been
    given up after their ``timeout``, or been stopped ``graceful_stop`` after the workload's end.
    Cancelling it stops the load; canvases in flight are then recorded as ``stopped``.

    When a connection breaks while canvases are sent, nobody knows which of them have arrived: that
    ends the load with `PublishUncertain`, unless ``broker_fails``, on purpose; then they are
    awaited like any others."""

    def __init__(
        self,
        client: Client,
        recorder: Recorder,
        workloads: Iterable[tuple[WorkloadPlan, CanvasBuilder]],
        consumption: Consumption,
        *,
        broker_fails: bool = False,
    ) -> None:
        self._streams = [
            _Stream(client, recorder, workload, builder, consumption, broker_fails)
            for workload, builder in workloads
        ]

    @property
    def in_flight(self) -> int:
        """Canvases that were sent and have not ended."""
        return sum(stream.in_flight for stream in self._streams)

    async def run(self, start_ns: int) -> None:
        async with anyio.create_task_group() as tasks:
            for stream in self._streams:
                tasks.start_soon(stream.drive, start_ns, name=f"workload {stream.name}")


class _Stream:
    """One workload while it runs: the `Iterations` of its executor.

    No iteration has a task of its own: those that are due go out together, the client calls back
    when a canvas ends, and one task watches over the time of all."""

    def __init__(
        self,
        client: Client,
        recorder: Recorder,
        workload: WorkloadPlan,
        builder: CanvasBuilder,
        consumption: Consumption,
        broker_fails: bool,
    ) -> None:
        self._broker_fails = broker_fails
        self._client = client
        self._recorder = recorder
        self._workload = workload
        self._builder = builder
        self._consumption = consumption
        self._tasks: TaskGroup | None = None
        self._due: list[Due] = []
        self._flights: dict[Flight, anyio.Event | None] = {}
        """In the order in which they were intended, and so of their deadlines; with the VU that
        waits."""
        self._watching = False
        self._on_their_way = 0
        self._arrived = anyio.Event()
        self._ended = 0
        self._first_ended_ns = 0
        self._goal: _Goal | None = None
        self._publishing = 0
        self._room: tuple[int, anyio.Event] | None = None
        self._all_over: anyio.Event | None = None

    @property
    def name(self) -> str:
        return self._workload.name

    @property
    def in_flight(self) -> int:
        return len(self._flights)

    async def drive(self, start_ns: int) -> None:
        begin_ns = after(start_ns, self._workload.start_time_s)
        await sleep_until(begin_ns)
        execute = EXECUTORS[self._workload.executor]
        try:
            async with anyio.create_task_group() as tasks:
                self._tasks = tasks
                tasks.cancel_scope.deadline = anyio.current_time() + self._longest_s()
                try:
                    await execute(self._workload, self, begin_ns)
                finally:
                    self._recorder.offered(self.name, begin_ns, now_ns())
                tasks.cancel_scope.deadline = anyio.current_time() + self._workload.graceful_stop_s
                await self._landed()
                tasks.cancel_scope.cancel()
        finally:
            for flight in list(self._flights):
                flight.stop()

    def _longest_s(self) -> float:
        """The bound on the executor itself: VUs wait for their last canvas, but not for longer than
        this."""
        span_s = self._workload.duration_s
        return (
            self._workload.max_duration_s if span_s is None else span_s
        ) + self._workload.graceful_stop_s

    async def _landed(self) -> None:
        if self._flights:
            self._all_over = anyio.Event()
            await self._all_over.wait()

    # ---- for the executor ----

    async def run(self, iteration: int, intended_ns: int) -> None:
        flight = self._begin(iteration, intended_ns)
        over = self._flights[flight] = anyio.Event()
        try:
            await over.wait()
        finally:
            flight.stop()

    def start(self, iteration: int, intended_ns: int) -> None:
        self._begin(iteration, intended_ns)

    def drop(self, count: int) -> None:
        if count > 0:
            self._recorder.dropped(self.name, count)

    async def published(self, left: int) -> None:
        if self._publishing > left:
            self._room = (left, anyio.Event())
            await self._room[1].wait()

    async def ended(self, count: int) -> tuple[int, int]:
        self._goal = _Goal(count)
        if self._ended >= count:
            self._goal.reach()
        await self._goal.reached.wait()
        return self._first_ended_ns, self._goal.at_ns

    async def pause(self) -> None:
        await self._consumption.pause(self._queues())

    async def resume(self) -> None:
        await self._consumption.resume(self._queues())

    def drained(self, *, fill_s: float, drain_s: float, iterations: int) -> None:
        self._recorder.drained(self.name, Drain(iterations, fill_s=fill_s, drain_s=drain_s))

    def _queues(self) -> set[str]:
        """Those of every task of an iteration: all iterations have the same."""
        tasks = self._builder.build(0, 0).submission.expectations
        return {task.queue for task in tasks}

    # ---- one iteration ----

    def _begin(self, iteration: int, intended_ns: int) -> Flight:
        if self._tasks is None:
            raise RuntimeError("an executor runs inside drive()")
        built = self._builder.build(iteration, intended_ns)
        deadline_ns = after(intended_ns, self._workload.timeout_s)
        flight = Flight(built.submission, deadline_ns, self._recorder, self._over)
        self._recorder.submitted(built.submission)
        self._publishing += 1
        self._flights[flight] = None
        if not self._due:
            self._tasks.start_soon(self._send_due)
        self._due.append((flight, built.signature))
        if not self._watching:
            self._watching = True
            self._tasks.start_soon(self._watch_deadlines)
        return flight

    async def _send_due(self) -> None:
        """Send what became due in one turn of the event loop."""
        if self._tasks is None:
            raise RuntimeError("an executor runs inside drive()")
        if self._on_their_way:
            with anyio.move_on_after(JOIN_S):
                await self._arrived.wait()
        due, self._due = self._due, []
        for at in range(TOGETHER, len(due), TOGETHER):
            self._tasks.start_soon(self._send_counted, due[at : at + TOGETHER])
        await self._send_counted(due[:TOGETHER])

    async def _send_counted(self, due: Sequence[Due]) -> None:
        self._on_their_way += 1
        try:
            await self._send(due)
        finally:
            self._on_their_way -= 1
            if not self._on_their_way:
                self._arrived.set()
                self._arrived = anyio.Event()
            self._publishing -= len(due)
            if self._room is not None and self._publishing <= self._room[0]:
                self._room[1].set()

    async def _send(self, due: Sequence[Due]) -> None:
        while due := await self._left_after_sending(due):  # noqa: ASYNC110
            await anyio.sleep(AGAIN_S)

    async def _left_after_sending(self, due: Sequence[Due]) -> Sequence[Due]:
        """Those that are to be sent again later."""
        sent_ns = now_ns()
        for flight, _ in due:
            flight.sent_ns = sent_ns
        try:
            handles = await self._client.submit_all([signature for _, signature in due])
        except PublishUncertain as error:
            if not self._broker_fails or len(error.handles) < len(due):
                raise
            self._follow(due, error.handles)
            return ()
        except ClientError:
            raise
        except BrokerUnavailable as error:
            return self._left(due, error)
        except Exception as error:  # the task's signature
            await self._not_sent(due, error)
            return ()
        published_ns = now_ns()
        for flight, _ in due:
            self._recorder.published(flight.submission, sent_ns, published_ns)
        self._follow(due, handles)
        return ()

    def _left(self, due: Sequence[Due], error: BrokerUnavailable) -> Sequence[Due]:
        """Nothing was sent. Where the broker fails on purpose it comes back."""
        for flight, _ in due:
            if flight.overdue or not self._broker_fails:
                flight.fail(error)
        return [one for one in due if one[0].state is None]

    def _follow(self, due: Sequence[Due], handles: Sequence[Handle]) -> None:
        published_ns = now_ns()
        for (flight, _), handle in zip(due, handles, strict=True):
            flight.published_ns = published_ns
            flight.follow(handle)

    async def _not_sent(self, due: Sequence[Due], error: Exception) -> None:
        """Nothing was sent. One signature may be to blame: then the others go without it."""
        if len(due) == 1 or isinstance(error, OrchestratorError):
            for flight, _ in due:
                flight.fail(error)
        else:
            for one in due:
                await self._send([one])

    async def _watch_deadlines(self) -> None:
        """Ends what takes longer than the workload's ``timeout``: when it was published, since
        nobody can say of it before whether it will be sent."""
        while self._flights:
            deadline_ns = next(iter(self._flights)).deadline_ns
            await sleep_until(max(deadline_ns, after(now_ns(), GRAIN_S)))
            for flight in list(takewhile(_is_overdue, self._flights)):
                if flight.published_ns:
                    flight.expire(self._workload.timeout_s)
        self._watching = False

    def _over(self, flight: Flight) -> None:
        waiting = self._flights.pop(flight)
        if waiting is not None:
            waiting.set()
        self._ended += 1
        self._first_ended_ns = self._first_ended_ns or now_ns()
        if self._goal is not None and self._ended >= self._goal.count:
            self._goal.reach()
        if self._all_over is not None and not self._flights:
            self._all_over.set()


def _is_overdue(flight: Flight) -> bool:
    return flight.overdue


class _Goal:
    """That so many iterations have ended, and when the last of them did."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.reached = anyio.Event()
        self.at_ns = 0

    def reach(self) -> None:
        if not self.reached.is_set():
            self.at_ns = now_ns()
            self.reached.set()
