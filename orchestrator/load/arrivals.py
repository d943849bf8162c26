"""When the iterations of an open model are intended: exact, so that no schedule drifts.

The n-th iteration, counted from 0, is intended when the rate, integrated from the start, has
reached n. A rate that changes linearly makes that a quadratic equation, which is solved for each
iteration by itself: nothing is added up on the way."""

from collections.abc import Iterator, Sequence
from math import ceil, sqrt

from orchestrator.records import Stage


def constant_arrivals(rate_per_s: float, duration_s: float) -> Iterator[float]:
    """The intended times, in seconds after the start; the first is 0."""
    return (number / rate_per_s for number in range(arrivals(rate_per_s, duration_s)))


def arrivals(rate_per_s: float, duration_s: float) -> int:
    """How many iterations a constant rate starts within a duration."""
    return max(0, ceil(rate_per_s * duration_s))


def ramping_arrivals(start_per_s: float, stages: Sequence[Stage]) -> Iterator[float]:
    """The intended times, in seconds after the start, of a rate that goes from ``start_per_s``
    through the targets of ``stages``, linearly in each. A stage that takes no time is a jump."""
    number, done, begin_s, rate = 0, 0.0, 0.0, start_per_s
    for stage in stages:
        area = (rate + stage.target) / 2 * stage.duration_s
        while number < done + area:
            yield begin_s + _reached(number - done, rate, stage)
            number += 1
        done += area
        begin_s += stage.duration_s
        rate = stage.target


def ramping_count(start_per_s: float, stages: Sequence[Stage]) -> int:
    """How many iterations `ramping_arrivals` gives, to within the last one's rounding."""
    before = (start_per_s, *(stage.target for stage in stages))
    return ceil(
        sum(
            (rate + stage.target) / 2 * stage.duration_s
            for rate, stage in zip(before, stages, strict=False)
        )
    )


def _reached(count: float, rate: float, stage: Stage) -> float:
    """The time in the stage at which the integral of its rate is ``count``: the root of
    ``rate t + slope t^2 / 2 = count``, in the form that loses no digits when the slope is small."""
    if count <= 0:
        return 0.0
    slope = (stage.target - rate) / stage.duration_s
    root = sqrt(max(0.0, rate * rate + 2 * slope * count))
    return min(stage.duration_s, 2 * count / (rate + root))
