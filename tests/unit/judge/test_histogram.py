import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.judge.histogram import Samples, percentile
from orchestrator.records import Trend

DURATIONS = st.lists(st.integers(0, 10**12), min_size=1, max_size=200)


@given(DURATIONS, st.floats(0, 100))
def test_percentiles_are_numpys(values: list[int], percent: float) -> None:
    expected = float(np.percentile(np.array(values, dtype=float), percent))
    assert percentile(sorted(values), percent) == pytest.approx(expected, rel=1e-12)


@given(DURATIONS, st.floats(0, 100), st.floats(0, 100))
def test_percentiles_grow_and_stay_within_the_samples(
    values: list[int], low: float, high: float
) -> None:
    ordered = sorted(values)
    low, high = sorted((low, high))
    assert ordered[0] <= percentile(ordered, low) <= percentile(ordered, high) <= ordered[-1]


@pytest.mark.parametrize(
    ("percent", "expected"), [(0, 10), (25, 20), (50, 30), (90, 46), (100, 50), (99.9, 49.96)]
)
def test_known_percentiles(percent: float, expected: float) -> None:
    assert percentile([10, 20, 30, 40, 50], percent) == pytest.approx(expected)


@pytest.mark.parametrize("percent", [-0.1, 100.1])
def test_there_are_no_percentiles_beyond_0_and_100(percent: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 100"):
        percentile([1], percent)


def test_nothing_has_no_percentile() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


def test_the_trend_of_a_known_distribution() -> None:
    values = list(range(1, 1002))  # 1 to 1001 ms
    random.Random(7).shuffle(values)
    samples = Samples(value * 1_000_000 for value in values)
    assert samples.trend() == Trend(
        count=1001,
        avg_ms=501.0,
        min_ms=1.0,
        p50_ms=501.0,
        p75_ms=751.0,
        p90_ms=901.0,
        p95_ms=951.0,
        p99_ms=991.0,
        p99_9_ms=1000.0,
        max_ms=1001.0,
    )


def test_one_sample_and_none() -> None:
    samples = Samples()
    assert samples.trend() == Trend(count=0)
    samples.append(50_000_000)
    trend = samples.trend()
    assert (trend.count, trend.min_ms, trend.p99_9_ms, trend.max_ms) == (1, 50.0, 50.0, 50.0)
    assert (len(samples), list(samples)) == (1, [50_000_000])
