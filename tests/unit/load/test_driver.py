"""The driver with a client whose answers the test gives: what is recorded of each ending."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, cast

import anyio
import pytest

from orchestrator.errors import BrokerUnavailable, PublishUncertain
from orchestrator.load import driver as driver_module
from orchestrator.load.canvas import BuiltCanvas, CanvasBuilder
from orchestrator.load.clock import now_ns
from orchestrator.load.driver import Driver
from orchestrator.records import Call, CanvasOutcome, Drain, Submission, WorkloadPlan
from orchestrator.testing import NEVER, FakeClient
from tests.unit.client.recording_app import recording_app

APP = recording_app()


class FakeBuilder:
    def build(self, iteration: int, intended_ns: int) -> BuiltCanvas:
        submission = Submission("w", iteration, (), "id", (), intended_ns)
        return BuiltCanvas(APP.tasks["add"].s(iteration), submission)


class FakeConsumption:
    def __init__(self, recorder: "FakeRecorder") -> None:
        self._events = recorder.events

    async def pause(self, queues: Iterable[str]) -> None:
        self._events.append("paused")

    async def resume(self, queues: Iterable[str]) -> None:
        self._events.append("resumed")


class FakeRecorder:
    def __init__(self) -> None:
        self.ended_with: list[tuple[CanvasOutcome, Any]] = []
        self.events: list[str] = []
        self.dropped_count = 0
        self.offers: list[str] = []
        self.drains: list[Drain] = []

    def submitted(self, submission: Submission) -> None:
        self.events.append("submitted")

    def published(self, submission: Submission, sent_ns: int, published_ns: int) -> None:
        assert submission.intended_ns <= sent_ns <= published_ns
        self.events.append("published")

    def ended(self, outcome: CanvasOutcome, value: Any) -> None:
        self.ended_with.append((outcome, value))

    def offered(self, workload: str, begin_ns: int, end_ns: int) -> None:
        assert begin_ns <= end_ns
        self.offers.append(workload)

    def dropped(self, workload: str, count: int) -> None:
        self.dropped_count += count

    def drained(self, workload: str, drain: Drain) -> None:
        self.drains.append(drain)


@asynccontextmanager
async def driver(recorder: FakeRecorder, *endings: Any, **keys: Any) -> AsyncIterator[Driver]:
    """With a client that gives the endings in turn."""
    plan: dict[str, Any] = {"executor": "shared-iterations", "iterations": len(endings), **keys}
    workload = WorkloadPlan("w", canvas=Call("add"), **plan)
    builder = cast("CanvasBuilder", FakeBuilder())
    ending = iter(endings)
    async with FakeClient(APP, {"add": lambda _: next(ending)}) as client:
        yield Driver(client, recorder, [(workload, builder)], FakeConsumption(recorder))


async def test_a_value_a_failure_and_a_timeout_are_told_apart() -> None:
    recorder = FakeRecorder()
    async with driver(recorder, 7, ValueError("bad"), NEVER, timeout_s=0.05) as running:
        await running.run(now_ns())
    states = [(outcome.state, value, outcome.error) for outcome, value in recorder.ended_with]
    assert states[0] == ("ok", 7, None)
    assert states[1] == ("failed", None, "ValueError: bad")
    assert states[2][0] == "timeout"
    assert recorder.events == ["submitted", "published"] * 3
    assert recorder.offers == ["w"]
    assert recorder.ended_with[2][0].seen_ns is None


async def test_a_timeout_that_the_task_raised_is_a_failure() -> None:
    recorder = FakeRecorder()
    async with driver(recorder, TimeoutError("of the task")) as running:
        await running.run(now_ns())
    assert recorder.ended_with[0][0].state == "failed"


async def test_what_is_due_together_is_sent_together_and_one_bad_signature_alone_fails() -> None:
    recorder = FakeRecorder()
    sizes: list[int] = []

    class Counting(FakeClient):
        async def submit_all(self, signatures: Any, timeout: float | None = None) -> Any:  # noqa: ASYNC109
            sizes.append(len(signatures))
            if any(signature.args == (1,) for signature in signatures):
                raise TypeError("takes no 1")
            return await super().submit_all(signatures, timeout)

    workload = WorkloadPlan("w", canvas=Call("add"), executor="per-vu-iterations", vus=3)
    builder = cast("CanvasBuilder", FakeBuilder())
    async with Counting(APP, {"add": lambda value: value}) as client:
        await Driver(client, recorder, [(workload, builder)], FakeConsumption(recorder)).run(
            now_ns()
        )
    assert sizes == [3, 1, 1, 1]
    ended = {outcome.iteration: outcome for outcome, _ in recorder.ended_with}
    assert [ended[number].state for number in range(3)] == ["ok", "failed", "ok"]
    assert ended[1].error == "TypeError: takes no 1"


@pytest.mark.parametrize("join_s", [10.0, 0.0])
async def test_what_becomes_due_waits_for_a_batch_on_its_way_but_not_for_long(
    join_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver_module, "JOIN_S", join_s)
    recorder = FakeRecorder()
    sent: list[int] = []
    confirmed = anyio.Event()

    class Slow(FakeClient):
        async def submit_all(self, signatures: Any, timeout: float | None = None) -> Any:  # noqa: ASYNC109
            sent.append(len(signatures))
            await confirmed.wait()
            return await super().submit_all(signatures, timeout)

    plan: dict[str, Any] = {"rate_per_s": 50.0, "duration_s": 0.1}
    workload = WorkloadPlan("w", canvas=Call("add"), executor="constant-arrival-rate", **plan)
    builder = cast("CanvasBuilder", FakeBuilder())
    async with Slow(APP, {"add": 1}) as client, anyio.create_task_group() as tasks:
        running = Driver(client, recorder, [(workload, builder)], FakeConsumption(recorder))
        tasks.start_soon(running.run, now_ns())
        with anyio.fail_after(5):
            while running.in_flight < 5 or sum(sent) < (1 if join_s else 5):
                await anyio.lowlevel.checkpoint()
        batches_before = len(sent)
        confirmed.set()
    assert sum(sent) == 5
    assert (batches_before == 1) is bool(join_s)
    assert [outcome.state for outcome, _ in recorder.ended_with] == ["ok"] * 5


async def test_a_broker_that_is_gone_fails_what_could_not_be_sent() -> None:
    recorder = FakeRecorder()
    async with driver(recorder, BrokerUnavailable("gone"), 2, vus=1) as running:
        await running.run(now_ns())
    states = [(outcome.state, outcome.error) for outcome, _ in recorder.ended_with]
    assert states == [("failed", "BrokerUnavailable: gone"), ("ok", None)]


@pytest.mark.parametrize("broker_fails", [False, True])
async def test_what_may_have_been_sent_is_awaited_where_the_broker_fails_on_purpose(
    broker_fails: bool,
) -> None:
    recorder = FakeRecorder()

    class Cut(FakeClient):
        async def submit_all(self, signatures: Any, timeout: float | None = None) -> Any:  # noqa: ASYNC109
            error = PublishUncertain("cut")
            error.handles = tuple(await super().submit_all(signatures, timeout))
            raise error

    workload = WorkloadPlan("w", canvas=Call("add"), executor="per-vu-iterations", vus=2)
    builder = cast("CanvasBuilder", FakeBuilder())
    async with Cut(APP, {"add": 7}) as client:
        running = Driver(
            client,
            recorder,
            [(workload, builder)],
            FakeConsumption(recorder),
            broker_fails=broker_fails,
        )
        if broker_fails:
            await running.run(now_ns())
        else:
            with pytest.raises(ExceptionGroup) as raised:
                await running.run(now_ns())
            assert raised.group_contains(PublishUncertain)
    states = [(outcome.state, value) for outcome, value in recorder.ended_with]
    assert states == ([("ok", 7)] * 2 if broker_fails else [("stopped", None)] * 2)
    assert "published" not in recorder.events


async def test_a_broker_that_fails_on_purpose_is_waited_for_as_long_as_a_canvas_may_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(driver_module, "AGAIN_S", 0.0)
    recorder = FakeRecorder()
    tries = 0

    class Away(FakeClient):
        async def submit_all(self, signatures: Any, timeout: float | None = None) -> Any:  # noqa: ASYNC109
            nonlocal tries
            tries += 1
            # More often than Python lets functions call each other.
            if tries < 1_200 or signatures[0].args == (1,):
                raise BrokerUnavailable("gone")
            return await super().submit_all(signatures, timeout)

    plan: dict[str, Any] = {"executor": "shared-iterations", "iterations": 2, "timeout_s": 3.0}
    workload = WorkloadPlan("w", canvas=Call("add"), **plan)
    builder = cast("CanvasBuilder", FakeBuilder())
    async with Away(APP, {"add": 7}) as client:
        consumption = FakeConsumption(recorder)
        running = Driver(client, recorder, [(workload, builder)], consumption, broker_fails=True)
        with anyio.fail_after(20):
            await running.run(now_ns())
    first, second = (outcome for outcome, _ in recorder.ended_with)
    assert (first.state, second.state) == ("ok", "failed")
    assert second.error == "BrokerUnavailable: gone"
    assert second.ended_ns - second.intended_ns >= 3_000_000_000


async def test_each_canvas_has_its_own_time() -> None:
    recorder = FakeRecorder()
    endings = (NEVER, 1, NEVER, NEVER)
    began_ns = now_ns()
    async with driver(recorder, *endings, vus=2, timeout_s=0.1) as running:
        await running.run(began_ns)
    assert [outcome.state for outcome, _ in recorder.ended_with].count("timeout") == 3
    for outcome, _ in recorder.ended_with:
        if outcome.state == "timeout":
            assert outcome.ended_ns >= outcome.intended_ns + 100_000_000
            assert outcome.error is not None
            assert outcome.error.endswith("within 0.1 s; the task was not stopped")


async def test_cancelling_records_what_was_in_flight_as_stopped() -> None:
    recorder = FakeRecorder()
    async with (
        driver(recorder, NEVER, NEVER, vus=2) as running,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(running.run, now_ns())
        with anyio.fail_after(5):
            while running.in_flight < 2 or recorder.events.count("published") < 2:
                await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    assert [outcome.state for outcome, _ in recorder.ended_with] == ["stopped", "stopped"]
    assert running.in_flight == 0


async def test_graceful_stop_bounds_the_wait_after_the_end() -> None:
    recorder = FakeRecorder()
    with anyio.fail_after(5):
        async with driver(
            recorder,
            NEVER,
            executor="constant-arrival-rate",
            iterations=None,
            rate_per_s=10.0,
            duration_s=0.05,
            graceful_stop_s=0.05,
        ) as running:
            await running.run(now_ns())
    assert [outcome.state for outcome, _ in recorder.ended_with] == ["stopped"]


async def test_a_lost_broker_ends_the_load() -> None:
    recorder = FakeRecorder()
    with pytest.raises(ExceptionGroup) as caught:
        async with driver(recorder, PublishUncertain()) as running:
            await running.run(now_ns())
    assert caught.group_contains(PublishUncertain)
    assert recorder.ended_with[0][0].state == "stopped"


async def test_a_backlog_is_published_while_the_workers_are_paused() -> None:
    recorder = FakeRecorder()
    async with driver(recorder, 1, 2, 3, executor="backlog") as running:
        await running.run(now_ns())
    assert recorder.events == ["paused", *["submitted"] * 3, *["published"] * 3, "resumed"]
    [drain] = recorder.drains
    assert drain.iterations == 3
    assert drain.rate_per_s == pytest.approx(3 / drain.drain_s)


async def test_a_backlog_that_does_not_drain_in_time_reports_no_drain() -> None:
    recorder = FakeRecorder()
    bounds = {"max_duration_s": 0.05, "graceful_stop_s": 0.0}
    async with driver(recorder, 1, NEVER, executor="backlog", **bounds) as running:
        await running.run(now_ns())
    assert recorder.events[-1] == "resumed"
    assert recorder.drains == []
    assert sorted(outcome.state for outcome, _ in recorder.ended_with) == ["ok", "stopped"]


async def test_a_part_of_a_backlog_can_be_enough() -> None:
    recorder = FakeRecorder()
    bounds = {"drain_ratio": 0.5, "graceful_stop_s": 0.0}
    async with driver(recorder, 1, NEVER, executor="backlog", **bounds) as running:
        await running.run(now_ns())
    assert [drain.iterations for drain in recorder.drains] == [1]
