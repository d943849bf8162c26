"""Kinds of tasks, and how many there are of each."""

from orchestrator.observe.kinds import Kind, Kinds
from orchestrator.observe.timeline import Timeline
from orchestrator.records import Expectation, LiveTasks, Submission, TaskResult


def send(timeline: Timeline, number: int, task: str, queue: str, workload: str = "w") -> None:
    expectation = Expectation(str(number), task, queue, workload, number, (), {})
    timeline.add(Submission(workload, number, (expectation,), str(number), (), 0))


def end(timeline: Timeline, number: int, state: str) -> None:
    timeline.result(TaskResult(str(number), state, None, None, seen_ns=1))


def test_a_kind_has_one_number_and_one_tally() -> None:
    kinds = Kinds()
    first, second = Kind("w", "add", "a", True, False), Kind("w", "mul", "b", True, False)
    assert [kinds.number(kind) for kind in (first, second, first)] == [0, 1, 0]
    assert len(kinds.tallies) == 2
    assert kinds[1] == second


def test_tasks_are_counted_as_they_are_sent_and_as_they_end() -> None:
    timeline = Timeline()
    assert timeline.kinds.tasks() == ()
    send(timeline, 1, "add", "a")
    send(timeline, 2, "add", "a")
    send(timeline, 3, "mul", "b")
    end(timeline, 1, "SUCCESS")
    assert timeline.kinds.tasks() == (
        LiveTasks("add", "a", 2, 1, 0),
        LiveTasks("mul", "b", 1, 0, 0),
    )
    send(timeline, 4, "add", "a")
    for number, state in ((2, "FAILURE"), (3, "SUCCESS"), (3, "SUCCESS"), (4, "REVOKED")):
        end(timeline, number, state)
    assert timeline.kinds.tasks() == (
        LiveTasks("add", "a", 3, 1, 1),
        LiveTasks("mul", "b", 1, 1, 0),
    )


def test_kinds_of_one_task_and_queue_count_as_one() -> None:
    timeline = Timeline()
    send(timeline, 1, "add", "a", "first")
    send(timeline, 2, "add", "a", "second")
    assert timeline.kinds.tasks() == (LiveTasks("add", "a", 2, 0, 0),)
