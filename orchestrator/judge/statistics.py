"""Is a difference larger than the noise? Means, their spread, and intervals of differences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, sqrt
from statistics import fmean, stdev

CONFIDENCE = 0.95

_STUDENT: Mapping[float, tuple[float, ...]] = {
    0.95: (
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
        2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
        2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
    ),
    0.99: (
        63.657, 9.925, 5.841, 4.604, 4.032, 3.707, 3.499, 3.355, 3.250, 3.169,
        3.106, 3.055, 3.012, 2.977, 2.947, 2.921, 2.898, 2.878, 2.861, 2.845,
        2.831, 2.819, 2.807, 2.797, 2.787, 2.779, 2.771, 2.763, 2.756, 2.750,
    ),
}  # fmt: skip
"""Student's t by confidence, two-sided, for 1 to 30 degrees of freedom (NIST/SEMATECH e-Handbook of
Statistical Methods, 1.3.6.7.2)."""

_NORMAL: Mapping[float, float] = {0.95: 1.960, 0.99: 2.576}


@dataclass(frozen=True, slots=True)
class Spread:
    """Of repeated measurements: their mean, and standard deviation (None for fewer than two)."""

    count: int
    mean: float
    deviation: float | None


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference of two means (the second less the first), and the interval that holds the true
    one: infinite where nobody can tell."""

    value: float
    low: float
    high: float

    @property
    def beyond_noise(self) -> bool:
        """Whether the interval leaves 0 out."""
        return self.low > 0 or self.high < 0


def spread(values: Sequence[float]) -> Spread:
    """Raises ValueError without values."""
    if not values:
        raise ValueError("no values")
    return Spread(len(values), fmean(values), stdev(values) if len(values) > 1 else None)


def difference(
    base: Sequence[float], head: Sequence[float], confidence: float = CONFIDENCE
) -> Difference:
    """By Welch's t test (B. L. Welch, Biometrika 34, 1947), which lets the two differ in spread.

    One value on a side has no spread: then nobody can tell. Raises ValueError without values."""
    first, second = spread(base), spread(head)
    value = second.mean - first.mean
    if first.deviation is None or second.deviation is None:
        return Difference(value, -inf, inf)
    errors = first.deviation**2 / first.count, second.deviation**2 / second.count
    error = sqrt(sum(errors))
    if not error:
        return Difference(value, value, value)
    freedom = sum(errors) ** 2 / sum(
        part**2 / (side.count - 1) for part, side in zip(errors, (first, second), strict=True)
    )
    margin = student_t(freedom, confidence) * error
    return Difference(value, value - margin, value + margin)


def pooled_difference(
    base: Sequence[float], head: Sequence[float], confidence: float = CONFIDENCE
) -> Difference:
    """By Student's t test, which takes the two to differ alike: then one of them may be a single
    value. Raises ValueError without values."""
    sides = spread(base), spread(head)
    value = sides[1].mean - sides[0].mean
    freedom = len(base) + len(head) - 2
    if not freedom:
        return Difference(value, -inf, inf)
    squares = sum((side.deviation or 0.0) ** 2 * (side.count - 1) for side in sides)
    error = sqrt(squares / freedom * (1 / len(base) + 1 / len(head)))
    margin = student_t(freedom, confidence) * error
    return Difference(value, value - margin, value + margin)


def student_t(freedom: float, confidence: float = CONFIDENCE) -> float:
    """Student's t that holds ``confidence`` (0.95 or 0.99) of the distribution between itself and
    its negative; degrees of freedom are rounded down, which errs on the side of noise."""
    table, normal = _STUDENT[confidence], _NORMAL[confidence]
    whole = int(freedom)
    if whole < 1:
        return inf
    if whole <= len(table):
        return table[whole - 1]
    # Beyond the table: the first term of the expansion (Abramowitz and Stegun, 26.7.5).
    return normal + (normal**3 + normal) / (4 * whole)
