"""Differences and noise, against known truths."""

from math import inf, isinf
from random import Random

import pytest

from orchestrator.judge.statistics import difference, spread, t_975


def test_spread() -> None:
    found = spread([1.0, 2.0, 3.0])
    assert (found.count, found.mean, found.deviation) == (3, 2.0, 1.0)
    assert spread([5.0]).deviation is None
    with pytest.raises(ValueError, match="no values"):
        spread([])


def test_welch_against_a_worked_example() -> None:
    # R: t.test(c(27.5,21,19,23.6,17,17.9), c(27.1,22,20.8,23.4,23.4,23.5), var.equal=FALSE)
    base = [27.5, 21.0, 19.0, 23.6, 17.0, 17.9]
    head = [27.1, 22.0, 20.8, 23.4, 23.4, 23.5]
    found = difference(base, head)
    assert found.value == pytest.approx(2.3667, abs=1e-4)
    # df = 7.2, so 7 are used; the standard error is 1.8359.
    assert found.high - found.value == pytest.approx(2.365 * 1.8359, rel=2e-3)
    assert not found.beyond_noise


def test_one_value_tells_nothing() -> None:
    found = difference([1.0], [100.0, 101.0])
    assert isinf(found.low)
    assert not found.beyond_noise


def test_no_noise_at_all() -> None:
    assert difference([1.0, 1.0], [2.0, 2.0]).beyond_noise
    assert not difference([1.0, 1.0], [1.0, 1.0]).beyond_noise


def test_noise_is_taken_for_a_difference_about_once_in_twenty() -> None:
    random = Random(1)
    pairs = [[[random.gauss(100, 5) for _ in range(4)] for _ in range(2)] for _ in range(2_000)]
    false_alarms = sum(difference(base, head).beyond_noise for base, head in pairs)
    assert 50 <= false_alarms <= 130


def test_a_planted_difference_is_found() -> None:
    random = Random(2)
    found = 0
    for _ in range(200):
        base = [random.gauss(100, 3) for _ in range(5)]
        head = [random.gauss(120, 3) for _ in range(5)]
        found += difference(base, head).beyond_noise
    assert found == 200


@pytest.mark.parametrize(
    ("freedom", "quantile"), [(0.9, inf), (1.0, 12.706), (30.9, 2.042), (60.0, 2.000), (1e6, 1.960)]
)
def test_quantiles(freedom: float, quantile: float) -> None:
    assert t_975(freedom) == pytest.approx(quantile, abs=2e-3)
