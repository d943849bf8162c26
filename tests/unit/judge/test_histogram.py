import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.judge.histogram import EXACT_SAMPLES, Distribution, bucket, middle, percentile
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
    samples = Distribution(value * 1_000_000 for value in values)
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
    samples = Distribution()
    assert samples.trend() == Trend(count=0)
    samples.add(50_000_000)
    trend = samples.trend()
    assert (trend.count, trend.min_ms, trend.p99_9_ms, trend.max_ms) == (1, 50.0, 50.0, 50.0)


@given(st.integers(0, 10**17))
def test_a_bucket_is_within_half_a_percent_of_what_is_in_it(ns: int) -> None:
    assert abs(middle(bucket(ns)) - ns) <= 0.005 * ns


@given(st.integers(0, 10**17))
def test_buckets_are_in_the_order_of_time(ns: int) -> None:
    assert bucket(ns) <= bucket(ns + 1) <= bucket(ns) + 1


@pytest.mark.parametrize("shape", ["lognormal", "uniform", "bimodal", "constant"])
def test_beyond_the_bound_percentiles_are_within_a_percent(shape: str) -> None:
    random_ = np.random.default_rng(7)
    size = 3 * EXACT_SAMPLES
    values = {
        "lognormal": random_.lognormal(16, 2, size),
        "uniform": random_.uniform(1e3, 1e9, size),
        "bimodal": np.where(random_.random(size) < 0.5, 1e6, 2e8),
        "constant": np.full(size, 5e7),
    }[shape].astype(np.int64)
    found = Distribution(map(int, values))
    assert not found.exact
    for percent in (0, 1, 25, 50.5, 90, 95, 99, 99.9, 100):
        # The middle of a gap between two modes is nobody's value: ask for the nearest rank.
        low = np.percentile(values, percent, method="lower")
        high = np.percentile(values, percent, method="higher")
        assert 0.99 * low <= found.percentile(percent) <= 1.01 * high
    assert found.mean == pytest.approx(float(values.mean()), rel=1e-12)
    trend = found.trend()
    assert (trend.min_ms, trend.max_ms) == (values.min() / 1e6, values.max() / 1e6)
    assert (trend.count, trend.exact) == (size, False)


@pytest.mark.parametrize("first", [10, EXACT_SAMPLES + 10])
@pytest.mark.parametrize("second", [0, 10, EXACT_SAMPLES + 10])
def test_merging_is_counting_both(first: int, second: int) -> None:
    values = [int(value) for value in np.random.default_rng(1).lognormal(16, 1, first + second)]
    merged = Distribution(values[:first])
    merged.merge(other := Distribution(values[first:]))
    both = Distribution(values)
    assert other.count == second
    assert merged.count == both.count
    for percent in (0, 50, 99, 100):
        assert merged.percentile(percent) == pytest.approx(both.percentile(percent), rel=0.01)
    assert merged.trend().avg_ms == both.trend().avg_ms
    assert (merged.low, merged.high) == (both.low, both.high)


def test_memory_is_bounded() -> None:
    found = Distribution(range(1, 10**9, 9_973))
    assert found.count > 100_000
    assert len(found._buckets) < 4_000
