from orchestrator.report.html.canvases import TASKS_SHOWN, Canvases
from tests.unit.report.html.test_intervals import task


def test_the_tasks_of_an_iteration_are_counted_and_the_slowest_is_kept() -> None:
    canvases = Canvases()
    for iteration, count, lag in (("0", 2, 5.0), ("1", 3, 50.0), ("2", 1, 5.0)):
        for number in range(count):
            canvases.add(task(100, 1, 1, 1, 1, 1, lag + number, iteration=iteration))
    sums = canvases.data()["sums"]
    assert (sums["fewest"], sums["most"]) == (1, 3)
    slowest = sums["slowest"]
    assert (slowest["iteration"], slowest["ms"], slowest["tasks_count"]) == ("1", 57.0, 3)
    assert slowest["tasks"][0]["points"] == [0.0, 2.0, 3.0, 4.0, 5.0, 55.0]


def test_workloads_that_are_sent_at_once_stay_apart() -> None:
    canvases = Canvases()
    for workload in ("a", "b", "a"):
        canvases.add(task(0, workload=workload))
    assert set(canvases.data()) == {"a", "b"}
    assert canvases.data()["a"]["most"] == 1


def test_of_a_large_canvas_the_slowest_tasks_are_shown() -> None:
    canvases = Canvases()
    for number in range(200):
        canvases.add(task(0, 1, 1, 1, 1, 1, float(number), id=str(number)))
    slowest = canvases.data()["sums"]["slowest"]
    assert slowest["tasks_count"] == 200
    ids = [each["id"] for each in slowest["tasks"]]
    assert ids == [str(number) for number in range(200 - TASKS_SHOWN, 200)]


def test_an_iteration_without_any_result_has_no_slowest() -> None:
    canvases = Canvases()
    canvases.add(task(5, seen=None))
    assert canvases.data()["sums"]["slowest"] is None


def test_no_bar_goes_backwards() -> None:
    canvases = Canvases()
    canvases.add(task(0, 1, 5, -3, 1, 1, 1))
    points = canvases.data()["sums"]["slowest"]["tasks"][0]["points"]
    assert points == [0.0, 6.0, 6.0, 6.0, 6.0, 6.0]
