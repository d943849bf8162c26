import pytest

from orchestrator.judge.histogram import Distribution
from orchestrator.report.html.intervals import (
    LOWEST_MS,
    MOST_INTERVALS,
    ROWS_PER_OCTAVE,
    Intervals,
    duration_ms,
    gaps_ms,
    row_of,
    rows,
    width_s,
)
from orchestrator.report.stored import StoredTask


def task(begin_ms: float, *gaps: float, **changes: object) -> StoredTask:
    """A task whose points follow each other after ``gaps`` (schedule lag and publish first)."""
    points = [begin_ms]
    for gap in gaps or (1, 1, 2, 3, 4, 5):
        points.append(points[-1] + gap)
    words = ("id", "m.add", "add", "add-1", "sums", "0", "ok", "")
    return StoredTask(*words, *points)._replace(**changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("load_s", "expected"), [(0.1, 0.1), (5, 0.1), (16, 0.2), (600, 5), (1e6, 1e6 / 150)]
)
def test_a_load_is_cut_into_a_bounded_number_of_intervals(load_s: float, expected: float) -> None:
    assert width_s(load_s) == expected
    assert load_s / width_s(load_s) <= MOST_INTERVALS + 1e-9


def test_the_gaps_are_the_five_parts_of_a_task() -> None:
    assert gaps_ms(task(100)) == (2, 2, 3, 4, 5)
    assert duration_ms(task(100)) == 16
    sent_by_a_worker = task(100, intended=None, sent=None)
    assert gaps_ms(sent_by_a_worker) == (None, 2, 3, 4, 5)
    assert duration_ms(sent_by_a_worker) == 14


def test_each_event_is_counted_in_its_own_interval_per_second() -> None:
    intervals = Intervals(10.0)
    intervals.add(task(0, 10, 40, 10, 10, 10, 10))  # published at 50, seen at 90
    intervals.add(task(90, 5, 15, 0, 0, 0, 20))  # published at 110, seen at 130
    intervals.add(task(95, published=None, seen=None, verdict="lost_task"))
    data = intervals.data()
    assert data["at_s"] == [0.0, 0.1]
    assert data["intended"] == [30.0, 0.0]
    assert data["published"] == [10.0, 10.0]
    assert data["completed"] == [10.0, 10.0]
    assert data["not_ok"] == [10.0, 0.0]


def test_a_task_that_a_worker_sends_is_intended_when_it_is_published() -> None:
    intervals = Intervals(10.0)
    intervals.add(task(0, 10, 140, 1, 1, 1, 1, intended=None, sent=None))
    assert intervals.data()["intended"] == [0.0, 10.0]


def test_percentiles_and_means_are_those_of_the_interval() -> None:
    intervals = Intervals(10.0)
    for number in range(1, 101):
        intervals.add(task(0, 0, 0, 0, 0, 0, number / 2))
    intervals.add(task(150, 0, 0, 10, 0, 0, 0))
    data = intervals.data()
    assert data["latency"]["task_duration"]["p50"] == [pytest.approx(25.25), 10.0]
    assert data["latency"]["task_duration"]["max"] == [50.0, 10.0]
    assert data["latency"]["queue_wait"]["p95"] == [0.0, 10.0]
    assert data["gaps"]["result_lag"] == [pytest.approx(25.25), 0.0]
    assert data["gaps"]["queue_wait"] == [0.0, 10.0]
    assert sum(count for _, _, count in data["heat"]) == 101


def test_an_interval_in_which_nothing_was_seen_has_no_latency() -> None:
    intervals = Intervals(10.0)
    intervals.add(task(0))
    intervals.add(task(250))
    data = intervals.data()
    assert data["latency"]["run"]["p50"] == [4.0, None, 4.0]
    assert data["gaps"]["run"] == [4.0, None, 4.0]


def test_rows_are_thirds_of_an_octave() -> None:
    assert row_of(0.0) == row_of(LOWEST_MS) == 0
    assert row_of(LOWEST_MS * 2.001) == ROWS_PER_OCTAVE
    few = Distribution([1_000_000, 1_000_000, 2_010_000])
    assert rows(few) == {row_of(1.0): 2, row_of(2.01): 1}


def test_rows_of_an_exact_and_of_a_large_distribution_agree() -> None:
    values = [1_000_000 + 7919 * number for number in range(5000)]
    exact, large = Distribution(values), Distribution(values * 3)
    assert exact.exact
    assert not large.exact
    assert {row: 3 * count for row, count in rows(exact).items()} == rows(large)
