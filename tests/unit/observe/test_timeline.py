"""Each point of a task, and how it is told that a task was lost, repeated or retried."""

import gc
import tracemalloc
from collections.abc import Callable

import pytest

from orchestrator.observe.timeline import Timeline
from orchestrator.observe.timeline_context import TimelineContext
from orchestrator.records import (
    CanvasOutcome,
    CanvasState,
    Expectation,
    Outcome,
    Submission,
    TaskResult,
)

CONTEXT = TimelineContext(
    pool_of_worker={"add-1": "add"}, pool_of_queue={"add": "add"}, tags={"w": {"team": "blue"}}
)


def expectation(task_id: str, *, direct: bool = True, ignored: bool = False) -> Expectation:
    return Expectation(task_id, "m.add", "add", "w", 0, (1, 2), {}, direct=direct, ignored=ignored)


def submission(*expectations: Expectation) -> Submission:
    return Submission("w", 0, expectations, tuple(e.id for e in expectations), (), intended_ns=100)


def success(task_id: str, seen_ns: int = 700) -> TaskResult:
    return TaskResult(task_id, "SUCCESS", 3, None, seen_ns)


def ended(state: CanvasState = "ok") -> CanvasOutcome:
    return CanvasOutcome("w", 0, 100, 110, 120, 700, state)


def outcomes(
    timeline: Timeline,
    *,
    unfinished: Callable[[str], bool] = lambda _: False,
    context: TimelineContext = CONTEXT,
) -> list[Outcome]:
    return list(timeline.outcomes(context, measured_from_ns=0, unfinished=unfinished))


def played(timeline: Timeline, task_id: str = "a") -> None:
    timeline.received(task_id, 300, "add-1")
    timeline.started(task_id, 400, "add-1")
    timeline.finished(task_id, 500, "SUCCESS", "add-1")


def test_the_six_points_of_a_task() -> None:
    timeline = Timeline()
    sent = submission(expectation("a"))
    timeline.add(sent)
    timeline.sent(sent, 110, 120)
    played(timeline)
    timeline.result(success("a"))
    timeline.matched("a", True, None)
    timeline.ended(ended())
    (outcome,) = outcomes(timeline)
    points = (
        outcome.intended_ns, outcome.sent_ns, outcome.published_ns,
        outcome.received_ns, outcome.started_ns, outcome.finished_ns, outcome.seen_ns,
    )  # fmt: skip
    assert points == (100, 110, 120, 300, 400, 500, 700)
    assert (outcome.pool, outcome.worker, outcome.tags) == ("add", "add-1", {"team": "blue"})
    assert (outcome.executions, outcome.results, outcome.matched, outcome.late) == (
        1,
        1,
        True,
        False,
    )


def test_a_task_that_a_worker_publishes_has_no_intended_time_of_ours() -> None:
    timeline = Timeline()
    timeline.add(submission(expectation("a"), expectation("b", direct=False)))
    timeline.published("b", 510)
    timeline.ended(ended())
    later = {outcome.id: outcome for outcome in outcomes(timeline)}["b"]
    assert (later.intended_ns, later.sent_ns, later.published_ns) == (None, None, 510)


def test_the_probe_may_be_faster_than_the_driver() -> None:
    timeline = Timeline()
    sent = submission(expectation("a"))
    timeline.add(sent)
    played(timeline)
    timeline.result(success("a"))
    timeline.sent(sent, 110, 120)
    timeline.ended(ended())
    (outcome,) = outcomes(timeline)
    assert (outcome.received_ns, outcome.published_ns) == (300, 120)


def test_a_retry_is_no_second_execution() -> None:
    timeline = Timeline()
    timeline.add(submission(expectation("a")))
    timeline.started("a", 200, "add-1")
    timeline.finished("a", 210, "RETRY", "add-1")
    played(timeline)
    timeline.result(success("a"))
    timeline.ended(ended())
    (outcome,) = outcomes(timeline)
    assert (outcome.executions, outcome.retries) == (1, 1)
    assert (outcome.started_ns, outcome.finished_ns) == (400, 500)


def test_a_second_execution_and_a_second_result_are_counted() -> None:
    timeline = Timeline()
    timeline.add(submission(expectation("a")))
    played(timeline)
    played(timeline)
    timeline.result(success("a", 700))
    timeline.result(success("a", 900))
    timeline.ended(ended())
    (outcome,) = outcomes(timeline)
    assert (outcome.executions, outcome.results, outcome.seen_ns) == (2, 2, 700)


def test_without_a_probe_executions_are_unknown_not_zero() -> None:
    timeline = Timeline()
    timeline.add(submission(expectation("a")))
    timeline.ended(ended("timeout"))
    context = TimelineContext({}, {}, {}, probed=False)
    (outcome,) = outcomes(timeline, context=context)
    assert outcome.executions is None
    assert outcome.late


def test_what_is_still_queued_or_running_at_the_end_is_said_to_be() -> None:
    timeline = Timeline()
    timeline.add(submission(expectation("queued"), expectation("lost")))
    timeline.started("queued", 1, "add-1")
    assert timeline.running() == {"queued"}
    timeline.ended(CanvasOutcome("w", 0, 100, 110, 120, None, "failed"))
    by_id = {o.id: o for o in outcomes(timeline, unfinished=lambda task_id: task_id == "queued")}
    assert by_id["queued"].unfinished
    assert not by_id["lost"].unfinished


def test_tasks_of_a_stopped_canvas_count_only_with_a_result() -> None:
    timeline = Timeline()
    timeline.add(submission(expectation("a"), expectation("b")))
    timeline.result(success("a"))
    timeline.ended(ended("stopped"))
    (outcome,) = timeline.outcomes(
        CONTEXT, measured_from_ns=0, unfinished=lambda _: False, stopped=True
    )
    assert outcome.id == "a"


def test_a_canvas_that_the_end_of_its_workload_stopped_still_has_to_answer_for_its_tasks() -> None:
    timeline = Timeline()
    timeline.add(submission(expectation("a"), expectation("lost")))
    timeline.result(success("a"))
    timeline.ended(ended("stopped"))
    assert {outcome.id for outcome in outcomes(timeline)} == {"a", "lost"}


def test_a_result_that_came_in_time_is_not_late_in_a_canvas_that_timed_out() -> None:
    timeline = Timeline()
    timeline.add(submission(expectation("soon"), expectation("after"), expectation("never")))
    timeline.result(success("soon", 700))
    timeline.ended(CanvasOutcome("w", 0, 100, 110, 120, None, "timeout", ended_ns=800))
    timeline.result(success("after", 900))
    late = {outcome.id: outcome.late for outcome in outcomes(timeline)}
    assert late == {"soon": False, "after": True, "never": True}


def test_other_peoples_tasks_and_states_on_the_way_are_ignored() -> None:
    timeline = Timeline()
    timeline.add(submission(expectation("a")))
    played(timeline, "stranger")
    timeline.published("stranger", 1)
    timeline.result(success("stranger"))
    timeline.result(TaskResult("a", "STARTED", None, None, 300))
    timeline.ended(ended())
    (outcome,) = outcomes(timeline)
    assert (outcome.state, outcome.results, timeline.counts.completed) == ("PENDING", 0, 0)


def test_outstanding_counts_results_that_are_still_to_come() -> None:
    timeline = Timeline()
    timeline.add(submission(expectation("a"), expectation("b"), expectation("c", ignored=True)))
    assert timeline.outstanding == 2
    timeline.result(success("a"))
    timeline.result(success("a"))
    assert timeline.outstanding == 1


def test_warm_up_is_marked() -> None:
    timeline = Timeline()
    timeline.add(submission(expectation("a")))
    timeline.ended(ended())
    (outcome,) = timeline.outcomes(CONTEXT, measured_from_ns=101, unfinished=lambda _: False)
    assert not outcome.measured


def test_an_attempt_that_a_worker_published_has_no_sending_time_of_ours() -> None:
    timeline = Timeline()
    sent = submission(expectation("a"))
    timeline.add(sent)
    timeline.published("a", 450)
    timeline.sent(sent, 110, 120)
    timeline.ended(ended())
    (outcome,) = outcomes(timeline)
    assert (outcome.intended_ns, outcome.sent_ns, outcome.published_ns) == (100, None, 450)


def test_a_failure_that_is_told_twice_is_one_result() -> None:
    timeline = Timeline()
    timeline.add(submission(expectation("a")))
    for error in (TimeoutError("limit"), RuntimeError("lost")):
        timeline.result(TaskResult("a", "FAILURE", None, error, 700))
    timeline.ended(ended("failed"))
    (outcome,) = outcomes(timeline)
    assert (outcome.state, outcome.results) == ("FAILURE", 1)
    timeline.result(success("a"))
    assert next(iter(outcomes(timeline))).results == 2


def test_a_finished_task_leaves_little_in_memory() -> None:
    """The ids included; what the collector must look through does not grow with the tasks."""
    timeline = Timeline()
    count = 20_000
    ids = [f"00000000-0000-4000-8000-{number:012x}" for number in range(count)]
    gc.collect()
    tracked = len(gc.get_objects())
    tracemalloc.start()
    for number, task_id in enumerate(ids):
        sent = Submission("w", number, (expectation(task_id),), task_id, (), 100)
        timeline.add(sent)
        timeline.sent(sent, 110, 120)
        timeline.result(success(task_id))
        timeline.ended(CanvasOutcome("w", number, 100, 110, 120, 700, "ok", ended_ns=700))
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size / count < 350
    assert len(gc.get_objects()) - tracked < 1000


TOLD_SHIFT = -1_000
ATTACHED = TimelineContext(
    pool_of_worker={"add@there": "add@there"},
    pool_of_queue={},
    tags={},
    probed=False,
    shifts_ns={"add@there": TOLD_SHIFT},
)


def attached_timeline() -> Timeline:
    """A worker whose clock is 1000 ns ahead told everything."""
    timeline = Timeline()
    timeline.reads_results = True
    sent = submission(expectation("a"))
    timeline.add(sent)
    timeline.sent(sent, 110, 120)
    timeline.ended(ended())
    return timeline


def test_what_another_clock_told_is_brought_to_ours() -> None:
    timeline = attached_timeline()
    timeline.received("a", 1300, "add@there")
    timeline.started("a", 1400, "add@there")
    timeline.finished("a", 1500, "SUCCESS", "add@there")
    timeline.result(success("a"))
    (outcome,) = outcomes(timeline, context=ATTACHED)
    assert (outcome.received_ns, outcome.started_ns, outcome.finished_ns) == (300, 400, 500)
    assert (outcome.pool, outcome.executions) == ("add@there", 1)
    # That it had finished the worker's main process may hear after we saw the result.
    assert timeline.shift_bounds() == {"add@there": (110 - 1300, 700 - 1300)}


def test_what_a_clock_told_that_cannot_be_compared_is_unknown() -> None:
    timeline = attached_timeline()
    timeline.received("a", 1300, "add@elsewhere")
    timeline.result(success("a"))
    (outcome,) = outcomes(timeline, context=ATTACHED)
    assert (outcome.received_ns, outcome.worker) == (None, "add@elsewhere")
    assert outcome.executions is None, "events may get lost: nobody knows"


@pytest.mark.parametrize("overtaken", [False, True])
def test_a_results_own_end_counts_more_than_an_event_of_it(overtaken: bool) -> None:
    timeline = attached_timeline()
    timeline.received("a", 1300, "add@there")
    date = "1970-01-01T00:00:00.000002+00:00"
    if overtaken:
        timeline.result(TaskResult("a", "SUCCESS", 3, None, 700, None, date))
    timeline.started("a", 1900, "add@there")
    timeline.finished("a", 2500, "SUCCESS", "add@there")
    timeline.ran("a", 400)
    if not overtaken:
        timeline.result(TaskResult("a", "SUCCESS", 3, None, 700, None, date))
    (outcome,) = outcomes(timeline, context=ATTACHED)
    assert (outcome.started_ns, outcome.finished_ns) == (600, 1000)
    assert outcome.executions == 1
    assert timeline.shift_bounds() == {"add@there": (110 - 1300, 700 - 2000)}


def test_without_events_a_result_tells_its_own_end() -> None:
    timeline = attached_timeline()
    date = "1970-01-01T00:00:00.000002+00:00"
    timeline.result(TaskResult("a", "SUCCESS", 3, None, 700, None, date, "add@there"))
    (outcome,) = outcomes(timeline, context=ATTACHED)
    assert (outcome.worker, outcome.finished_ns, outcome.started_ns) == ("add@there", 1000, None)


def test_the_probe_is_believed_more_than_a_result() -> None:
    timeline = Timeline()
    timeline.add(submission(expectation("a")))
    timeline.ended(ended())
    timeline.result(TaskResult("a", "SUCCESS", 3, None, 700, None, "1970-01-01T00:00:00", "w"))
    (outcome,) = outcomes(timeline)
    assert (outcome.finished_ns, outcome.worker) == (None, "")


def test_what_is_unanswered_is_listed_by_queue_and_what_is_ignored_is_not() -> None:
    timeline = Timeline()
    timeline.add(submission(expectation("a"), expectation("b"), expectation("c", ignored=True)))
    timeline.result(success("a"))
    assert timeline.unanswered() == {"add": ["b"]}


def test_a_worker_holds_what_it_took_until_it_is_done() -> None:
    timeline = Timeline()
    timeline.add(submission(expectation("a"), expectation("b")))
    timeline.received("a", 300, "add-1")
    timeline.finished("b", 500, "SUCCESS", "add-1")
    timeline.received("b", 400, "add-1")
    assert timeline.held == {"a"}
    timeline.finished("a", 500, "SUCCESS", "add-1")
    assert timeline.held == set()


# ---- a process that ends ----


def begun(*task_ids: str) -> Timeline:
    timeline = Timeline()
    timeline.add(submission(*map(expectation, task_ids)))
    for task_id in task_ids:
        timeline.received(task_id, 300, "add-1")
    return timeline


def test_an_execution_that_was_cut_off_is_none() -> None:
    timeline = begun("a")
    timeline.started("a", 400, "add-1")
    assert timeline.running() == {"a"}
    timeline.cut_off("a")
    timeline.gone("add-1")
    timeline.ended(ended("timeout"))
    assert timeline.running() == timeline.held == set()
    (outcome,) = outcomes(timeline)
    assert (outcome.executions, outcome.cut_off) == (0, 1)


def test_one_that_was_executed_again_was_executed_once() -> None:
    timeline = begun("a")
    timeline.started("a", 400, "add-1")
    # The other worker may tell of it first.
    timeline.received("a", 450, "add-2")
    timeline.started("a", 460, "add-2")
    timeline.cut_off("a")
    timeline.gone("add-1")
    assert timeline.running() == {"a"}
    timeline.finished("a", 500, "SUCCESS", "add-2")
    timeline.result(success("a"))
    timeline.ended(ended())
    (outcome,) = outcomes(timeline)
    assert (outcome.executions, outcome.cut_off) == (1, 1)


def test_one_that_had_ended_and_ran_again_was_executed_twice() -> None:
    timeline = begun("a")
    played(timeline)
    timeline.gone("add-1")
    played(timeline)
    timeline.ended(ended())
    (outcome,) = outcomes(timeline)
    assert (outcome.executions, outcome.cut_off) == (2, 0)


def test_a_task_whose_child_was_killed_and_that_is_told_as_failed_was_executed() -> None:
    timeline = begun("a")
    timeline.started("a", 400, "add-1")
    timeline.cut_off("a")
    timeline.result(TaskResult("a", "FAILURE", None, TimeoutError(), 700))
    timeline.ended(ended("failed"))
    (outcome,) = outcomes(timeline)
    assert outcome.executions == 1


def test_what_a_worker_had_taken_and_not_started_is_with_it_no_more() -> None:
    timeline = begun("a", "b")
    timeline.received("b", 350, "add-2")
    assert timeline.held == timeline.running() == {"a", "b"}
    timeline.gone("add-1")
    assert timeline.held == timeline.running() == {"b"}


def test_what_ends_after_the_load_is_no_news() -> None:
    timeline = begun("a")
    timeline.started("a", 400, "add-1")
    timeline.over = True
    timeline.cut_off("a")
    timeline.gone("add-1")
    timeline.cut_off("somebody else's")
    timeline.ended(ended("timeout"))
    (outcome,) = outcomes(timeline)
    assert (outcome.executions, outcome.cut_off) == (1, 0)
    assert timeline.held == {"a"}
