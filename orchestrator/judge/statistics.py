"""Is a difference larger than the noise? Means, their spread, and intervals of differences."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, sqrt
from statistics import fmean, stdev

CONFIDENCE = 0.95

_T_975 = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
    2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
    2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip
"""Student's t, 97.5 % quantile, for 1 to 30 degrees of freedom (NIST/SEMATECH e-Handbook of
Statistical Methods, 1.3.6.7.2)."""

_Z_975 = 1.960


@dataclass(frozen=True, slots=True)
class Spread:
    """Of repeated measurements: their mean, and standard deviation (None for fewer than two)."""

    count: int
    mean: float
    deviation: float | None


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference of two means (the second less the first), and the interval that holds the true
    one with 95 % confidence: infinite where nobody can tell."""

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


def difference(base: Sequence[float], head: Sequence[float]) -> Difference:
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
    margin = t_975(freedom) * error
    return Difference(value, value - margin, value + margin)


def t_975(freedom: float) -> float:
    """Student's t that 97.5 % of the distribution lie below; degrees of freedom are rounded down,
    which errs on the side of noise."""
    whole = int(freedom)
    if whole < 1:
        return inf
    if whole <= len(_T_975):
        return _T_975[whole - 1]
    # Beyond the table: the first term of the expansion (Abramowitz and Stegun, 26.7.5).
    return _Z_975 + (_Z_975**3 + _Z_975) / (4 * whole)
