from orchestrator.report.html.lanes import MOST_TASKS, Lanes
from tests.unit.report.html.test_intervals import task


def test_executions_that_overlap_lie_in_lanes_of_their_own() -> None:
    lanes = Lanes()
    for started, finished in ((0, 10), (5, 15), (10, 20), (16, 17)):
        lanes.add(task(0, started=float(started), finished=float(finished)))
    data = lanes.data()
    assert data is not None
    (worker,) = data["workers"]
    assert worker["lanes"] == 2
    assert [run[:3] for run in worker["runs"]] == [[0, 0, 10], [1, 5, 15], [0, 10, 20], [1, 16, 17]]


def test_each_worker_process_has_its_own_lanes_and_each_task_its_colour() -> None:
    lanes = Lanes()
    lanes.add(task(0, worker="b", task="m.x"))
    lanes.add(task(0, worker="a", task="m.y", verdict="wrong"))
    data = lanes.data()
    assert data is not None
    assert data["names"] == ["m.x", "m.y"]
    assert [worker["worker"] for worker in data["workers"]] == ["a", "b"]
    assert data["workers"][0]["runs"][0][3:] == [1, False]


def test_a_large_run_is_not_drawn_task_by_task() -> None:
    lanes = Lanes()
    for number in range(MOST_TASKS + 1):
        lanes.add(task(float(number)))
    assert lanes.data() is None
    assert Lanes().data() is None
