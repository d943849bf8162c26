import statistics
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.judge.metrics import Labels, Metrics
from orchestrator.judge.view import View, label_values
from orchestrator.records import Sample
from tests.unit.judge.outcome_factory import MS, S, make_canvas, make_outcome, no_result


def durations(*values_ms: int, every_ms: int = 0) -> Metrics:
    """Tasks that ran this long; the n-th was seen n x ``every_ms`` after the first second."""
    metrics = Metrics(window_s=60.0)
    for index, value in enumerate(values_ms):
        seen_ns = S + index * every_ms * MS
        changes: dict[str, Any] = {"intended_ns": seen_ns - value * MS, "seen_ns": seen_ns}
        changes |= dict.fromkeys(("sent_ns", "published_ns", "received_ns", "started_ns"))
        metrics.add(make_outcome(str(index), finished_ns=None, **changes), "ok")
        metrics.add_canvas(make_canvas(index), measured=True)
    return metrics


def sample(at_s: float, backlog: dict[str, int], **pools: tuple[float, int]) -> Sample:
    return Sample(at_s, 0, 0, 0, 0, backlog, pools, 0.0, 0)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=50))
def test_trend_aggregations(values: list[int]) -> None:
    view = View(durations(*values), 1.0)
    expected = {
        "avg": statistics.fmean(values),
        "min": min(values),
        "max": max(values),
        "med": statistics.median(values),
        "count": len(values),
    }
    for aggregation, truth in expected.items():
        observed = view.observe("task_duration", aggregation)  # type: ignore[arg-type]
        assert observed == pytest.approx(truth)


def test_percentiles_of_several_cells_together() -> None:
    metrics = Metrics()
    for number in range(101):
        outcome = make_outcome(
            str(number), pool=f"p{number % 7}", intended_ns=0, seen_ns=number * MS
        )
        metrics.add(outcome, "ok")
    assert View(metrics, 1.0).observe("task_duration", "p", 95.0) == pytest.approx(95.0)
    one = View(metrics, 1.0).observe("task_duration", "max", None, {"pool": "p2"})
    assert one == 100.0


def test_nothing_measured_is_none_and_a_counter_is_zero() -> None:
    view = View(Metrics(), 1.0)
    assert view.observe("task_duration", "p", 95.0) is None
    assert view.observe("verified", "rate") is None
    assert view.observe("errors", "rate") is None
    assert view.observe("throughput", "rate") is None
    assert view.observe("backlog", "max") is None
    assert view.observe("tasks_lost", "count") == 0
    assert view.observe("tasks_lost", "rate") == 0.0
    assert view.observe("task_duration", "count") == 0


def test_ratios() -> None:
    metrics = Metrics()
    for number in range(8):
        metrics.add(make_outcome(str(number)), "wrong" if number == 0 else "ok")
    metrics.add(no_result("awaited"), None)
    view = View(metrics, 2.0)
    assert view.rate("verified") == 7 / 8
    assert view.rate("errors") == 1 / 8
    assert view.observe("verified", "rate", selector={"pool": "none"}) is None


def test_throughput_counts_verified_completions_of_the_measured_time() -> None:
    metrics = Metrics()
    for number in range(10):
        metrics.add(make_outcome(str(number), measured=number >= 4), "ok")
    metrics.add(make_outcome("wrong"), "wrong")
    assert View(metrics, 2.0).rate("throughput") == 3.0
    assert View(metrics, 0.0).rate("throughput") is None


def test_throughput_of_tasks_that_never_came_back_is_zero() -> None:
    metrics = Metrics()
    metrics.add(no_result(), "lost_task")
    assert View(metrics, 2.0).rate("throughput") == 0.0


def test_the_offered_rate_counts_dropped_iterations_at_the_size_of_the_others() -> None:
    metrics = Metrics()
    for number in range(30):
        metrics.add(make_outcome(str(number), iteration=number // 3), "ok")
    for iteration in range(10):
        metrics.add_canvas(make_canvas(iteration), measured=True)
    metrics.drop("sums", 5)
    assert View(metrics, 3.0).rate("offered_rate") == pytest.approx(45 / 3)
    assert View(metrics, 3.0).rate("offered_rate", {"workload": "sums"}) == pytest.approx(15)


def test_the_offered_rate_is_over_the_time_in_which_iterations_were_started() -> None:
    metrics = Metrics()
    for number in range(30):
        metrics.add(make_outcome(str(number), iteration=number), "ok")
        metrics.add_canvas(make_canvas(number), measured=True)
    second = 1_000_000_000
    metrics.offers["sums"] = (10 * second, 12 * second)
    assert View(metrics, 5.0).rate("offered_rate") == pytest.approx(15)
    assert View(metrics, 5.0).rate("throughput") == pytest.approx(6)


def test_a_counter_per_second() -> None:
    metrics = Metrics()
    for number in range(6):
        metrics.add(make_outcome(str(number), measured=number > 1), "ok")
    metrics.drop("sums", 4)
    view = View(metrics, 2.0)
    assert view.observe("tasks_sent", "count") == 6
    assert view.observe("tasks_sent", "rate") == 2.0
    assert view.observe("dropped_iterations", "rate") == 2.0
    assert view.observe("dropped_iterations", "count", selector={"workload": "other"}) == 0


# ---- windows ----


def test_a_window_sees_only_what_was_last() -> None:
    metrics = durations(900, 10, 20, 30, every_ms=1000)
    view = View(metrics, 4.0)
    assert view.observe("task_duration", "max") == 900
    assert view.observe("task_duration", "max", window_s=3.0) == 30
    assert view.observe("task_duration", "count", window_s=2.0) == 2
    assert view.observe("tasks_succeeded", "count", window_s=2.0) == 2
    assert view.observe("throughput", "rate", window_s=2.0) == 1.0


def test_a_window_ends_where_it_is_said_to() -> None:
    metrics = durations(10, 20, every_ms=1000)
    later = View(metrics, 10.0, until_ns=10 * S)
    assert later.observe("task_duration", "max", window_s=5.0) is None
    assert later.observe("verified", "rate", window_s=5.0) is None
    assert later.observe("throughput", "rate", window_s=5.0) == 0.0


def test_errors_of_the_last_seconds_are_not_hidden_by_the_first() -> None:
    metrics = Metrics(window_s=60.0)
    for second in range(100):
        outcome = make_outcome(str(second), seen_ns=(2 + second) * S)
        metrics.add(outcome, "failed" if second >= 95 else "ok")
    view = View(metrics, 100.0)
    assert view.observe("errors", "rate") == 0.05
    assert view.observe("errors", "rate", window_s=5.0) == 1.0


def test_a_window_longer_than_the_run_is_the_run() -> None:
    view = View(durations(1, 2, 3, 4, every_ms=500), 2.0)
    assert view.observe("throughput", "rate", window_s=60.0) == 2.0


# ---- gauges ----


@pytest.mark.parametrize(
    ("aggregation", "expected"), [("value", 2), ("min", 2), ("max", 9), ("avg", 5), ("med", 4)]
)
def test_gauges_add_up_over_queues(aggregation: Any, expected: float) -> None:
    metrics = Metrics()
    for at_s, first, second in ((1.0, 4, 5), (2.0, 4, 0), (3.0, 1, 1)):
        metrics.add_sample(sample(at_s, {"a": first, "b": second}))
    assert View(metrics, 1.0).observe("backlog", aggregation) == expected


@pytest.mark.parametrize(
    ("depths", "expected"),
    [
        ([0, 10, 20, 30, 40, 50], 10.0),  # grows by ten a second
        ([50, 40, 30, 20, 10, 5], -9.29),
        ([7, 9, 8, 7, 9, 8], 0.0),  # steady: up and down
        ([0, 30, 60, 60, 30, 0], 0.0),  # it has drained
        ([5], None),
    ],
)
def test_the_slope_of_a_queue(depths: list[int], expected: float | None) -> None:
    metrics = Metrics()
    for second, depth in enumerate(depths):
        metrics.add_sample(sample(float(second), {"a": depth}))
    found = View(metrics, 1.0).observe("backlog", "slope", window_s=100.0)
    assert found == (None if expected is None else pytest.approx(expected, abs=0.01))


def test_without_a_window_the_slope_is_that_of_the_last_third() -> None:
    metrics = Metrics()
    for second in range(31):  # up for twenty seconds, then steady
        depth = min(second, 20) * 10 + second % 2
        metrics.add_sample(sample(float(second), {"a": depth}))
    view = View(metrics, 1.0)
    assert view.observe("backlog", "slope") == 0.0
    growing = view.observe("backlog", "slope", window_s=30.0)
    assert growing is not None
    assert growing > 5


def test_gauges_of_one_queue_and_of_one_pool() -> None:
    metrics = Metrics()
    metrics.add_sample(sample(1.0, {"a": 4, "b": 5}, fast=(0.5, 100), slow=(1.5, 300)))
    metrics.add_sample(sample(2.0, {"a": 3}, fast=(0.25, 200)))
    view = View(metrics, 1.0)
    assert view.observe("backlog", "max", selector={"queue": "b"}) == 5
    assert view.observe("worker_rss_bytes", "max") == 400
    assert view.observe("worker_rss_bytes", "max", selector={"pool": "fast"}) == 200
    assert view.observe("worker_cpu_ratio", "avg", selector={"pool": "fast"}) == 0.375
    assert view.observe("worker_cpu_ratio", "value", selector={"pool": "none"}) is None
    assert view.observe("backlog", "min", window_s=0.5) == 3


@pytest.mark.parametrize(
    ("metric", "aggregation"),
    [("tasks_lost", "avg"), ("verified", "count"), ("task_duration", "rate"), ("nonsense", "max")],
)
def test_aggregations_that_do_not_exist(metric: str, aggregation: Any) -> None:
    with pytest.raises(ValueError, match=f"{metric} has no aggregation {aggregation}"):
        View(durations(1), 1.0).observe(metric, aggregation)


def test_label_values() -> None:
    labels = [Labels("w", task="b"), Labels("w", task="a"), Labels("w")]
    assert label_values(labels, "task") == ["a", "b"]
