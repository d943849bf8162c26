"""The driver: runs all workloads at once, each canvas sent at its time and awaited to its end."""

from collections.abc import Iterable
from typing import Any, Protocol

import anyio
from anyio.abc import TaskGroup

from orchestrator.client import Client, Handle, ResultTimeout
from orchestrator.errors import ClientError
from orchestrator.load.canvas import BuiltCanvas, CanvasBuilder
from orchestrator.load.clock import NS_PER_S, after, now_ns, sleep_until
from orchestrator.load.executors import EXECUTORS
from orchestrator.records import CanvasOutcome, CanvasState, Drain, Submission, WorkloadPlan


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
    Cancelling it stops the load; canvases in flight are then recorded as ``stopped``."""

    def __init__(
        self,
        client: Client,
        recorder: Recorder,
        workloads: Iterable[tuple[WorkloadPlan, CanvasBuilder]],
        consumption: Consumption,
    ) -> None:
        self._streams = [
            _Stream(client, recorder, workload, builder, consumption)
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
    """One workload while it runs: the `Iterations` of its executor."""

    def __init__(
        self,
        client: Client,
        recorder: Recorder,
        workload: WorkloadPlan,
        builder: CanvasBuilder,
        consumption: Consumption,
    ) -> None:
        self._client = client
        self._recorder = recorder
        self._workload = workload
        self._builder = builder
        self._consumption = consumption
        self._tasks: TaskGroup | None = None
        self._ended = 0
        self._first_ended_ns = 0
        self._goal: _Goal | None = None
        self._publishing = 0
        self._room: tuple[int, anyio.Event] | None = None
        self.in_flight = 0

    @property
    def name(self) -> str:
        return self._workload.name

    async def drive(self, start_ns: int) -> None:
        begin_ns = after(start_ns, self._workload.start_time_s)
        await sleep_until(begin_ns)
        execute = EXECUTORS[self._workload.executor]
        async with anyio.create_task_group() as tasks:
            self._tasks = tasks
            tasks.cancel_scope.deadline = anyio.current_time() + self._longest_s()
            try:
                await execute(self._workload, self, begin_ns)
            finally:
                self._recorder.offered(self.name, begin_ns, now_ns())
            tasks.cancel_scope.deadline = anyio.current_time() + self._workload.graceful_stop_s

    def _longest_s(self) -> float:
        """The bound on the executor itself: VUs wait for their last canvas, but not for longer than
        this."""
        span_s = self._workload.duration_s
        return (
            self._workload.max_duration_s if span_s is None else span_s
        ) + self._workload.graceful_stop_s

    async def run(self, iteration: int, intended_ns: int) -> None:
        self.in_flight += 1
        self._publishing += 1
        await self._run_counted(iteration, intended_ns)

    def start(self, iteration: int, intended_ns: int) -> None:
        if self._tasks is None:
            raise RuntimeError("an executor runs inside drive()")
        self.in_flight += 1
        self._publishing += 1
        self._tasks.start_soon(self._run_counted, iteration, intended_ns)

    async def _run_counted(self, iteration: int, intended_ns: int) -> None:
        try:
            await self._iterate(iteration, intended_ns)
        finally:
            self.in_flight -= 1
            self._ended += 1
            self._first_ended_ns = self._first_ended_ns or now_ns()
            if self._goal is not None and self._ended >= self._goal.count:
                self._goal.reach()

    def _left_for_broker(self) -> None:
        self._publishing -= 1
        if self._room is not None and self._publishing <= self._room[0]:
            self._room[1].set()

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

    def _queues(self) -> set[str]:
        """Those of every task of an iteration: all iterations have the same."""
        tasks = self._builder.build(0, 0).submission.expectations
        return {task.queue for task in tasks}

    def drained(self, *, fill_s: float, drain_s: float, iterations: int) -> None:
        self._recorder.drained(self.name, Drain(iterations, fill_s=fill_s, drain_s=drain_s))

    def drop(self, count: int) -> None:
        if count > 0:
            self._recorder.dropped(self.name, count)

    async def _iterate(self, iteration: int, intended_ns: int) -> None:
        built = self._builder.build(iteration, intended_ns)
        ending = _Ending(self._recorder, built.submission)
        deadline_ns = after(intended_ns, self._workload.timeout_s)
        self._recorder.submitted(built.submission)
        try:
            handle = await self._submit(built, ending)
            value = await handle.result(timeout=max(0.0, (deadline_ns - now_ns()) / NS_PER_S))
        except anyio.get_cancelled_exc_class():
            ending.record("stopped")
            raise
        except ResultTimeout as error:
            ending.record("timeout", error=f"{type(error).__name__}: {error}")
        except ClientError:
            ending.record("stopped")
            raise
        except Exception as error:  # whatever the task raised: it is an outcome, not an accident
            ending.record("failed", error=f"{type(error).__name__}: {error}")
        else:
            ending.record("ok", value=value)

    async def _submit(self, built: BuiltCanvas, ending: "_Ending") -> Handle:
        ending.sent_ns = now_ns()
        try:
            handle = await self._client.submit(built.signature)
        finally:
            self._left_for_broker()
        ending.published_ns = now_ns()
        self._recorder.published(built.submission, ending.sent_ns, ending.published_ns)
        return handle


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


class _Ending:
    """Puts together the record of how an iteration ended."""

    def __init__(self, recorder: Recorder, submission: Submission) -> None:
        self._recorder = recorder
        self._submission = submission
        self.sent_ns = 0
        self.published_ns = 0

    def record(self, state: CanvasState, *, value: Any = None, error: str | None = None) -> None:
        ended_ns = now_ns()
        outcome = CanvasOutcome(
            workload=self._submission.workload,
            iteration=self._submission.iteration,
            intended_ns=self._submission.intended_ns,
            sent_ns=self.sent_ns,
            published_ns=self.published_ns,
            seen_ns=ended_ns if state in ("ok", "failed") else None,
            state=state,
            error=error,
            ended_ns=ended_ns,
        )
        self._recorder.ended(outcome, value)
