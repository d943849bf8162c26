"""One number out of a distribution, or out of the samples of a gauge: what a threshold aggregates
by."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import fsum, sqrt
from statistics import fmean

from orchestrator.judge.histogram import NS_PER_MS, Distribution, percentile
from orchestrator.records import Aggregation

Point = tuple[float, float]
"""A time in s, and a value."""

NOISE = 2.0
"""Standard errors within which a slope is none."""


def of_trend(
    found: Distribution, metric: str, aggregation: Aggregation, percent: float | None
) -> float | None:
    """In ms, or a count; None when there is no sample. Raises ValueError for an aggregation that a
    trend does not have."""
    if aggregation == "count":
        return found.count
    if aggregation == "p" and percent is not None:
        read = partial(found.percentile, percent)
    elif aggregation in _TREND_FOLDS:
        read = partial(_TREND_FOLDS[aggregation], found)
    else:
        raise ValueError(f"{metric} has no aggregation {aggregation}")
    return read() / NS_PER_MS if found.count else None


def of_gauge(points: Sequence[Point], metric: str, aggregation: Aggregation) -> float | None:
    """In the gauge's own unit; None when there is no sample. Raises ValueError for an aggregation
    that a gauge does not have."""
    fold = _GAUGE_FOLDS.get(aggregation)
    if fold is None:
        raise ValueError(f"{metric} has no aggregation {aggregation}")
    return fold(points) if points else None


def slope(points: Sequence[Point]) -> float | None:
    """The least-squares slope, per second; None with fewer than two moments.

    A gauge that is steady goes up and down, and its slope is never exactly 0: a slope within two
    standard errors of 0 is 0, and so is that of a gauge that stands at nothing in the end."""
    if len(points) < 2 or points[0][0] == points[-1][0]:
        return None
    if not points[-1][1]:
        return 0.0
    mean_s = fmean(at_s for at_s, _ in points)
    mean_value = fmean(value for _, value in points)
    spread = fsum((at_s - mean_s) ** 2 for at_s, _ in points)
    found = fsum((at_s - mean_s) * (value - mean_value) for at_s, value in points) / spread
    if len(points) < 4:
        return found
    residual = fsum((value - mean_value - found * (at_s - mean_s)) ** 2 for at_s, value in points)
    error = sqrt(residual / (len(points) - 2) / spread)
    return found if abs(found) > NOISE * error else 0.0


_TREND_FOLDS: Mapping[str, Callable[[Distribution], float]] = {
    "avg": lambda found: found.mean,
    "min": lambda found: found.low,
    "max": lambda found: found.high,
    "med": lambda found: found.percentile(50),
}
_GAUGE_FOLDS: Mapping[str, Callable[[Sequence[Point]], float | None]] = {
    "value": lambda points: points[-1][1],
    "avg": lambda points: fmean(value for _, value in points),
    "min": lambda points: min(value for _, value in points),
    "max": lambda points: max(value for _, value in points),
    "med": lambda points: percentile(sorted(value for _, value in points), 50),
    "slope": slope,
}
