"""Differences and noise, against known truths."""

from math import inf, isinf
from random import Random

import pytest

from orchestrator.judge.statistics import difference, pooled_difference, spread, student_t


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


def test_a_single_value_against_many_that_scatter_alike() -> None:
    # R: t.test(c(1, 2, 3), 5, var.equal = TRUE)$conf.int is -3 -/+ 4.303 * 1.1547
    found = pooled_difference([1.0, 2.0, 3.0], [5.0])
    assert found.value == 3.0
    assert found.high - found.value == pytest.approx(4.303 * 1.1547, rel=1e-3)
    assert isinf(pooled_difference([1.0], [2.0]).high)


def test_more_confidence_takes_more_room() -> None:
    base, head = [1.0, 2.0, 3.0, 2.5], [4.0, 5.0, 6.0, 5.5]
    for test in (difference, pooled_difference):
        wide, narrow = test(base, head, 0.99), test(base, head, 0.95)
        assert wide.low < narrow.low < narrow.high < wide.high


@pytest.mark.parametrize("confidence", [0.95, 0.99])
def test_a_single_value_is_taken_for_different_as_often_as_was_said(confidence: float) -> None:
    random = Random(3)
    alarms = 0
    for _ in range(4_000):
        base = [random.gauss(100, 5) for _ in range(5)]
        alarms += pooled_difference(base, [random.gauss(100, 5)], confidence).beyond_noise
    assert alarms / 4_000 == pytest.approx(1 - confidence, rel=0.4)


@pytest.mark.parametrize(
    ("freedom", "confidence", "quantile"),
    [
        (0.9, 0.95, inf),
        (1.0, 0.95, 12.706),
        (30.9, 0.95, 2.042),
        (60.0, 0.95, 2.000),
        (1e6, 0.95, 1.960),
        (1.0, 0.99, 63.657),
        (8.0, 0.99, 3.355),
        (60.0, 0.99, 2.660),
        (1e6, 0.99, 2.576),
    ],
)
def test_quantiles(freedom: float, confidence: float, quantile: float) -> None:
    assert student_t(freedom, confidence) == pytest.approx(quantile, abs=4e-3)
