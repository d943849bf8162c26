"""Distributions: exact up to a bound, then a histogram of bounded size. Both can be merged.

Percentiles interpolate linearly between the two nearest ranks, as numpy's default and k6 do: p(q)
of n sorted samples is the value at rank (n - 1) * q / 100. Up to `EXACT_SAMPLES` samples they are
kept, 8 bytes each. Beyond that they are counted in buckets, 128 for each power of two, as in HDR
histograms: a sample is then known to within 0.4 %, and a distribution over all durations from a
nanosecond to a year takes a few thousand numbers at most. Count, mean, lowest and highest stay
exact.
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import ceil, floor

from orchestrator.records import Trend

NS_PER_MS = 1e6
EXACT_SAMPLES = 10_000
_BITS = 7
_HALF = 1 << _BITS


class Distribution:
    """Durations in ns, not negative."""

    __slots__ = ("_buckets", "_exact", "_high", "_low", "_total", "count")

    def __init__(self, values: Iterable[int] = ()) -> None:
        self.count = 0
        self._total = 0
        self._low = 0
        self._high = 0
        self._exact: array[int] | None = array("q")
        self._buckets: dict[int, int] = {}
        for value in values:
            self.add(value)

    @property
    def exact(self) -> bool:
        """Whether every sample is still known."""
        return self._exact is not None

    def add(self, ns: int) -> None:
        """One sample."""
        if ns < self._low or not self.count:
            self._low = ns
        self._high = max(self._high, ns)
        self.count += 1
        self._total += ns
        if self._exact is None:
            index = bucket(ns)
            self._buckets[index] = self._buckets.get(index, 0) + 1
        else:
            self._exact.append(ns)
            if self.count > EXACT_SAMPLES:
                self._to_buckets()

    def merge(self, other: "Distribution") -> None:
        """Take in the samples of another one, which stays as it is."""
        if not other.count:
            return
        if self._exact is not None and other._exact is not None:
            self._exact.extend(other._exact)
        else:
            self._to_buckets()
            self._add_buckets(other)
        self._low = min(self._low, other._low) if self.count else other._low
        self._high = max(self._high, other._high)
        self.count += other.count
        self._total += other._total

    def percentile(self, percent: float) -> float:
        """p(``percent``) in ns, 0 <= percent <= 100. Raises ValueError for anything else."""
        if self._exact is not None:
            return percentile(sorted(self._exact), percent)
        _check(self.count, percent)
        rank = (self.count - 1) * percent / 100
        below, above = self._at_ranks(floor(rank), ceil(rank))
        return min(max(below + (above - below) * (rank - floor(rank)), self._low), self._high)

    @property
    def mean(self) -> float:
        """In ns, rounded once. Raises ZeroDivisionError when there is no sample."""
        return self._total / self.count

    @property
    def low(self) -> int:
        return self._low

    @property
    def high(self) -> int:
        return self._high

    def counts(self) -> Mapping[int, int]:
        """How many samples are in each `bucket`."""
        if self._exact is None:
            return self._buckets
        return Counter(map(bucket, self._exact))

    def trend(self) -> Trend:
        """The distribution in ms."""
        if not self.count:
            return Trend(count=0)
        if self._exact is not None:
            self._exact = array("q", sorted(self._exact))

        def ms(percent: float) -> float:
            return self.percentile(percent) / NS_PER_MS

        return Trend(
            count=self.count,
            avg_ms=self.mean / NS_PER_MS,
            min_ms=self._low / NS_PER_MS,
            p50_ms=ms(50),
            p75_ms=ms(75),
            p90_ms=ms(90),
            p95_ms=ms(95),
            p99_ms=ms(99),
            p99_9_ms=ms(99.9),
            max_ms=self._high / NS_PER_MS,
            exact=self.exact,
        )

    def _to_buckets(self) -> None:
        if self._exact is None:
            return
        samples, self._exact = self._exact, None
        for ns in samples:
            index = bucket(ns)
            self._buckets[index] = self._buckets.get(index, 0) + 1

    def _add_buckets(self, other: "Distribution") -> None:
        if other._exact is None:
            for index, count in other._buckets.items():
                self._buckets[index] = self._buckets.get(index, 0) + count
            return
        for ns in other._exact:
            index = bucket(ns)
            self._buckets[index] = self._buckets.get(index, 0) + 1

    def _at_ranks(self, first: int, second: int) -> tuple[float, float]:
        """The values at two ranks of the sorted samples, ``second`` not before ``first``."""
        found: list[float] = []
        passed = 0
        for index in sorted(self._buckets):
            passed += self._buckets[index]
            while len(found) < 2 and (first, second)[len(found)] < passed:
                found.append(middle(index))
            if len(found) == 2:
                break
        return found[0], found[1]


def bucket(ns: int) -> int:
    """The bucket of a duration: one for each value up to 255, then 128 for each power of two."""
    if ns < 2 * _HALF:
        return ns
    shift = ns.bit_length() - _BITS - 1
    return (shift << _BITS) + (ns >> shift)


def middle(index: int) -> float:
    """The duration in the middle of a bucket."""
    if index < 2 * _HALF:
        return index
    shift = (index >> _BITS) - 1
    return ((index - (shift << _BITS)) << shift) + ((1 << shift) - 1) / 2


def percentile(ordered: Sequence[float], percent: float) -> float:
    """p(``percent``) of sorted values, 0 <= percent <= 100. Raises ValueError for anything else."""
    _check(len(ordered), percent)
    rank = (len(ordered) - 1) * percent / 100
    below = floor(rank)
    above = min(below + 1, len(ordered) - 1)
    low, high = ordered[below], ordered[above]
    # Never outside of the two neighbours, whatever the rounding.
    return min(max(low + (high - low) * (rank - below), low), high)


def _check(count: int, percent: float) -> None:
    if not 0 <= percent <= 100:
        raise ValueError(f"a percentile is between 0 and 100, not {percent}")
    if not count:
        raise ValueError("no values have no percentile")
