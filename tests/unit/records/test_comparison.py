import pytest

from orchestrator.records import FigureChange, FigureKey, Interval, ThresholdChange


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (FigureKey("throughput", "rate"), "throughput"),
        (FigureKey("task_duration", "p", 99.9), "task_duration p(99.9)"),
        (FigureKey("run", "avg", None, ("task", "a.b")), "run{task:a.b} avg"),
        (FigureKey("tasks_lost", "count"), "tasks_lost"),
    ],
)
def test_a_figure_is_named_as_it_is_written(key: FigureKey, text: str) -> None:
    assert str(key) == text


def test_what_is_better() -> None:
    assert FigureKey("throughput", "rate").sign == 1
    assert FigureKey("run", "avg").sign == -1
    assert FigureKey("tasks_sent", "count").sign == 0


def test_an_interval_with_no_change_in_it_is_within_noise() -> None:
    assert not Interval(0.1, -0.01, 0.2).beyond_noise
    assert Interval(0.1, 0.01, 0.2).beyond_noise
    assert Interval(-0.1, -0.2, -0.01).beyond_noise


def test_a_change_needs_both_sides_and_something_to_change_from() -> None:
    key = FigureKey("run", "avg")
    assert FigureChange(key, 2.0, 3.0, None, "unknown").change == 0.5
    assert FigureChange(key, None, 3.0, None, "unknown").change is None
    assert FigureChange(key, 0.0, 3.0, None, "unknown").change is None


def test_thresholds_that_held_as_often_do_not_differ() -> None:
    assert not ThresholdChange("m", "e", 1, 2, 2, 4).differs
    assert ThresholdChange("m", "e", 2, 2, 3, 4).differs
