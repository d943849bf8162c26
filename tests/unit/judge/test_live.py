"""The live figures against tasks that end as they are told to."""

from typing import Any

import pytest

from orchestrator.judge.ledger import Ledger
from orchestrator.judge.live import SAMPLE, LiveFigures
from orchestrator.observe.timeline_context import TimelineContext
from orchestrator.records import (
    CanvasOutcome,
    Live,
    LiveTasks,
    LiveThreshold,
    Sample,
    Submission,
    TaskResult,
)
from tests.unit.judge.outcome_factory import (
    MS,
    S,
    expecting,
    make_expectation,
    make_plan,
    make_threshold,
)

P95 = {"aggregation": "p", "percentile": 95.0, "operator": "<", "limit": 50.0}


class Load:
    """A ledger that is fed by hand."""

    def __init__(self, *thresholds: Any) -> None:
        self.ledger = Ledger({})
        self.figures = LiveFigures(
            make_plan(*thresholds), self.ledger, lambda: TimelineContext({}, {}, {})
        )
        self._number = 0

    def task(self, duration_ms: int, value: object = 3) -> None:
        """An `add(1, 2)` that must be 3 and gives ``value``, in ``duration_ms``."""
        self._number += 1
        task_id = f"t-{self._number}"
        expected = make_expectation(
            task_id, 1, 2, iteration=self._number, expect=expecting("value", 3)
        )
        submission = Submission("sums", self._number, (expected,), task_id, (), S)
        self.ledger.submitted(submission)
        self.ledger.published(submission, S + MS, S + 2 * MS)
        seen_ns = S + duration_ms * MS
        failed = isinstance(value, Exception)
        state, error = ("FAILURE", value) if failed else ("SUCCESS", None)
        result = TaskResult(task_id, state, None if failed else value, error, seen_ns)  # type: ignore[arg-type]
        self.ledger.result(result)
        self._end("ok", seen_ns)

    def timeout(self) -> None:
        self._number += 1
        expected = make_expectation(f"t-{self._number}", iteration=self._number)
        submission = Submission("sums", self._number, (expected,), expected.id, (), S)
        self.ledger.submitted(submission)
        self._end("timeout", None)

    def _end(self, state: Any, seen_ns: int | None) -> None:
        self.ledger.ended(CanvasOutcome("sums", self._number, S, S, S, seen_ns, state), None)

    async def seconds(self, count: int) -> Live:
        for second in range(1, count + 1):
            sample = Sample(float(second), 0, 0, 0, 0, {"add": 4}, {"p": (0.5, 1)}, 0.25, 9)
            await self.figures.second(sample)
        return self.figures.now(float(count), 5)


async def test_counts_tell_ok_wrong_failed_and_timed_out_apart() -> None:
    load = Load()
    for value in (3, 3, 4, ValueError("no")):
        load.task(10, value)
    load.timeout()
    live = await load.seconds(1)
    assert (live.sent, live.completed) == (5, 4)
    assert (live.ok, live.wrong, live.failed, live.timed_out) == (2, 1, 1, 1)
    assert live.in_flight == 5
    assert (live.backlog, live.cpu, live.own_cpu_ratio) == ({"add": 4}, {"p": 0.5}, 0.25)
    assert live.tasks_per_s == pytest.approx(4.0)
    assert live.iterations_per_s == pytest.approx(5.0)


async def test_percentiles_are_those_of_the_tasks_while_they_are_few() -> None:
    load = Load()
    for duration_ms in range(1, 51):
        load.task(duration_ms)
    assert (await load.seconds(1)).p50_ms is None  # they are looked at one second later
    live = await load.seconds(2)
    assert live.p50_ms == pytest.approx(25.5)
    assert live.p99_ms == pytest.approx(49.51)


async def test_every_task_is_counted_by_name_and_queue() -> None:
    load = Load()
    for value in (3, 4, ValueError("no")):
        load.task(10, value)
    assert (await load.seconds(1)).tasks == (LiveTasks("add_module.tasks.add", "add", 3, 2, 1),)


async def test_of_many_tasks_a_bounded_number_is_looked_at() -> None:
    load = Load()
    for number in range(10 * SAMPLE):
        load.task(1 + number % 100)
    live = await load.seconds(2)
    assert live.p50_ms == pytest.approx(50, abs=6)
    (cell,) = load.figures._metrics.cells.values()
    assert cell.trends["task_duration"].all.count <= SAMPLE


async def test_thresholds_stand_as_far_as_they_can_be_known() -> None:
    load = Load(
        make_threshold("task_duration", "p(95)<50ms", **P95),
        make_threshold("task_duration", "p(95)<50ms", tags={"task": "other"}, **P95),
        make_threshold("tasks_wrong", "count==0"),
        make_threshold("tasks_lost", "count==0"),
        make_threshold("verified", "rate==1", aggregation="rate", limit=1.0),
        make_threshold("throughput", "rate>1", aggregation="rate", operator=">", limit=0.5),
        make_threshold("backlog", "max<9", aggregation="max", operator="<", limit=9.0),
        make_threshold("tasks_sent", "count==0", tags={"task": "add"}),
    )
    for value in (3, 3, 4):
        load.task(10, value)
    live = await load.seconds(2)
    assert live.thresholds == (
        LiveThreshold("task_duration", "p(95)<50ms", 10.0, True),
        LiveThreshold("task_duration{task:other}", "p(95)<50ms", None, None),
        LiveThreshold("tasks_wrong", "count==0", 1, False),
        LiveThreshold("tasks_lost", "count==0", None, None),
        LiveThreshold("verified", "rate==1", 1 - 1 / 3, False),
        LiveThreshold("throughput", "rate>1", 1.0, True),
        LiveThreshold("backlog", "max<9", 4, True),
        LiveThreshold("tasks_sent{task:add}", "count==0", None, None),
    )
