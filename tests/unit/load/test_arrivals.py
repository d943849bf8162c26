"""The schedule of the open models: exact counts, exact times, no drift."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.load.arrivals import (
    arrivals,
    constant_arrivals,
    ramping_arrivals,
    ramping_count,
)
from orchestrator.records import Stage

rates = st.floats(0, 500)
stages = st.lists(st.builds(Stage, st.floats(0.01, 5) | st.just(0.0), rates), max_size=5)


@given(st.integers(1, 5000), st.integers(1, 600))
def test_a_whole_number_of_seconds_gives_rate_times_seconds(rate: int, seconds: int) -> None:
    assert arrivals(float(rate), float(seconds)) == rate * seconds


@pytest.mark.parametrize(
    ("rate", "duration", "count"), [(10, 0.25, 3), (10, 0.2, 2), (0.5, 1, 1), (1, 0, 0)]
)
def test_the_first_arrival_is_at_the_start(rate: float, duration: float, count: int) -> None:
    assert arrivals(rate, duration) == count
    assert list(constant_arrivals(rate, duration))[:1] == [0.0][:count]


def test_a_constant_rate_does_not_drift_in_a_day() -> None:
    assert list(constant_arrivals(7.0, 86_400.0))[-1] == (7 * 86_400 - 1) / 7.0


@given(rates, stages)
def test_ramping_arrivals_come_in_order_and_as_many_as_the_area(
    start: float, ramp: list[Stage]
) -> None:
    times = list(ramping_arrivals(start, ramp))
    end_s = sum(stage.duration_s for stage in ramp)
    assert all(0.0 <= at_s <= end_s for at_s in times)
    assert all(before <= after for before, after in pairwise(times))
    assert abs(len(times) - ramping_count(start, ramp)) <= 1


@given(rates, stages)
def test_each_ramping_arrival_is_where_the_integral_reaches_its_number(
    start: float, ramp: list[Stage]
) -> None:
    for number, at_s in enumerate(ramping_arrivals(start, ramp)):
        assert area(start, ramp, at_s) == pytest.approx(number, abs=1e-6, rel=1e-9)


def area(start: float, ramp: list[Stage], until_s: float) -> float:
    """The integral of the rate, from its definition."""
    total, begin_s, rate = 0.0, 0.0, start
    for stage in ramp:
        part_s = min(max(0.0, until_s - begin_s), stage.duration_s)
        if stage.duration_s:
            slope = (stage.target - rate) / stage.duration_s
            total += rate * part_s + slope * part_s**2 / 2
        begin_s += stage.duration_s
        rate = stage.target
    return total


def test_flat_stages_are_a_constant_rate() -> None:
    flat = list(ramping_arrivals(20.0, [Stage(1.0, 20.0), Stage(1.0, 20.0)]))
    assert flat == pytest.approx(list(constant_arrivals(20.0, 2.0)))


def test_a_stage_without_time_is_a_jump() -> None:
    times = list(ramping_arrivals(0.0, [Stage(0.0, 10.0), Stage(1.0, 10.0)]))
    assert times == pytest.approx([number / 10 for number in range(10)])
