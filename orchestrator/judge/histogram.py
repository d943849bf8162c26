"""Distributions: exact samples, exact percentiles.

Percentiles interpolate linearly between the two nearest ranks, as numpy's default and k6 do: p(q)
of n sorted samples is the value at rank (n - 1) * q / 100. Kept as 8 bytes a sample (1 million: 8
MB).
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from math import floor, fsum

from orchestrator.records import Trend

NS_PER_MS = 1e6


class Samples:
    """Durations in ns, in the order in which they came."""

    __slots__ = ("_ns",)

    def __init__(self, values: Iterable[int] = ()) -> None:
        self._ns = array("q", values)

    def __len__(self) -> int:
        return len(self._ns)

    def __iter__(self) -> Iterator[int]:
        return iter(self._ns)

    def append(self, ns: int) -> None:
        self._ns.append(ns)

    def trend(self) -> Trend:
        """The distribution in ms."""
        return trend(sorted(self._ns))


def trend(ordered_ns: Sequence[int]) -> Trend:
    """The distribution, in ms, of durations in ns that are already sorted."""
    if not ordered_ns:
        return Trend(count=0)

    def ms(percent: float) -> float:
        return percentile(ordered_ns, percent) / NS_PER_MS

    return Trend(
        count=len(ordered_ns),
        avg_ms=mean(ordered_ns) / NS_PER_MS,
        min_ms=ordered_ns[0] / NS_PER_MS,
        p50_ms=ms(50),
        p75_ms=ms(75),
        p90_ms=ms(90),
        p95_ms=ms(95),
        p99_ms=ms(99),
        p99_9_ms=ms(99.9),
        max_ms=ordered_ns[-1] / NS_PER_MS,
    )


def percentile(ordered: Sequence[float], percent: float) -> float:
    """p(``percent``) of sorted values, 0 <= percent <= 100. Raises ValueError for anything else."""
    if not 0 <= percent <= 100:
        raise ValueError(f"a percentile is between 0 and 100, not {percent}")
    if not ordered:
        raise ValueError("no values have no percentile")
    rank = (len(ordered) - 1) * percent / 100
    below = floor(rank)
    above = min(below + 1, len(ordered) - 1)
    low, high = ordered[below], ordered[above]
    # Never outside of the two neighbours, whatever the rounding.
    return min(max(low + (high - low) * (rank - below), low), high)


def mean(values: Sequence[float]) -> float:
    """The mean, rounded once."""
    return fsum(values) / len(values)
