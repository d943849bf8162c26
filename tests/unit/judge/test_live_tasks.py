from array import array

from orchestrator.judge.live_tasks import TaskCounts
from orchestrator.observe.timeline import Timeline
from orchestrator.records import Expectation, LiveTasks, Submission, TaskResult


def send(timeline: Timeline, number: int, task: str, queue: str) -> None:
    expectation = Expectation(str(number), task, queue, "w", number, (), {})
    timeline.add(Submission("w", number, (expectation,), str(number), (), 0))


def end(timeline: Timeline, number: int, state: str) -> None:
    timeline.result(TaskResult(str(number), state, None, None, seen_ns=1))


def test_totals_are_kept_from_second_to_second() -> None:
    timeline = Timeline()
    counts = TaskCounts(timeline)
    timeline.recent = array("I")
    assert counts.now() == ()
    send(timeline, 1, "add", "a")
    send(timeline, 2, "add", "a")
    send(timeline, 3, "mul", "b")
    end(timeline, 1, "SUCCESS")
    counts.second(timeline.recent)
    assert counts.now() == (LiveTasks("add", "a", 2, 1, 0), LiveTasks("mul", "b", 1, 0, 0))
    timeline.recent = array("I")
    send(timeline, 4, "add", "a")
    for number, state in ((2, "FAILURE"), (3, "SUCCESS"), (4, "REVOKED")):
        end(timeline, number, state)
    counts.second(timeline.recent)
    assert counts.now() == (LiveTasks("add", "a", 3, 1, 1), LiveTasks("mul", "b", 1, 1, 0))
    counts.second(array("I"))
    assert counts.now()[0].sent == 3
