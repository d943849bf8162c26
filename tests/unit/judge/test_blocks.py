"""The error of a figure from blocks of one run, against runs whose true scatter is known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from orchestrator.judge.blocks import (
    MOST_BLOCKS,
    block_count,
    percentile_errors,
    ratio_error,
    resampled,
)
from tests.unit.judge.simulated_runs import SimulatedRun, simulated_run

DRAWS = resampled(MOST_BLOCKS, 1)


def error_of_median(run: SimulatedRun) -> float:
    error = percentile_errors(run.values_ms, run.block_of, DRAWS, [50.0])[0]
    assert error is not None
    return error


def median_log(run: SimulatedRun) -> float:
    return float(np.log(np.median(run.values_ms)))


@pytest.mark.parametrize(
    ("span_s", "blocks"), [(0.0, 0), (1.2, 0), (1.3, 5), (3.0, 12), (5.0, 20), (3600.0, 20)]
)
def test_a_run_is_cut_into_twenty_at_most_and_not_into_too_few(span_s: float, blocks: int) -> None:
    assert block_count(span_s) == blocks


def test_the_same_seed_draws_the_same_blocks() -> None:
    again, other = resampled(7, 3), resampled(7, 4)
    assert np.array_equal(resampled(7, 3), again)
    assert not np.array_equal(again, other)
    assert set(again.sum(axis=1)) == {7.0}


def test_the_error_is_that_of_independent_tasks_where_they_are() -> None:
    """Of n normal values the median scatters by 1.2533 sigma / sqrt(n)."""
    generator = np.random.default_rng(5)
    errors = []
    for _ in range(40):
        values = np.exp(generator.normal(3.0, 0.3, 2_000))
        block_of = generator.integers(0, MOST_BLOCKS, 2_000)
        errors.append(percentile_errors(values, block_of, DRAWS, [50.0])[0])
    truth = 1.2533 * 0.3 / np.sqrt(2_000)
    assert np.median(np.array(errors, dtype=float)) == pytest.approx(truth, rel=0.35)


def test_neighbouring_tasks_that_are_alike_make_it_larger_and_true() -> None:
    runs = [simulated_run(seed, scatter=0.0) for seed in range(60)]
    truth = float(np.std([median_log(run) for run in runs], ddof=1))
    told = float(np.median([error_of_median(run) for run in runs]))
    assert told == pytest.approx(truth, rel=0.5)
    # As if each task were a draw of its own.
    apart = np.random.default_rng(6).integers(0, MOST_BLOCKS, len(runs[0].values_ms))
    naive = percentile_errors(runs[0].values_ms, apart, DRAWS, [50.0])[0]
    assert naive is not None
    assert naive < truth / 2


def test_a_queue_that_grows_makes_it_large() -> None:
    """The blocks of such a run are not draws of one thing: its halves tell."""
    at = np.linspace(0, 1, 2_000, endpoint=False)
    block_of = (at * MOST_BLOCKS).astype(np.int64)
    steady = np.full(2_000, 100.0)
    grown = 10.0 + 1_000.0 * at
    first, second = (
        percentile_errors(each, block_of, DRAWS, [95.0])[0] for each in (steady, grown)
    )
    assert first is not None
    assert second is not None
    assert first < 0.001
    assert second > 0.3


def test_the_error_of_a_rate() -> None:
    generator = np.random.default_rng(7)
    ones = np.ones(MOST_BLOCKS)
    errors = [
        ratio_error(generator.poisson(50, MOST_BLOCKS).astype(float), ones, DRAWS)
        for _ in range(40)
    ]
    truth = 1 / np.sqrt(50 * MOST_BLOCKS)
    assert np.median(np.array(errors, dtype=float)) == pytest.approx(truth, rel=0.35)


def _none() -> NDArray[np.float64]:
    return np.zeros(MOST_BLOCKS)


def test_nothing_has_no_error() -> None:
    assert ratio_error(_none(), np.ones(MOST_BLOCKS), DRAWS) is None
    assert ratio_error(np.ones(MOST_BLOCKS), _none(), DRAWS) is None
    empty = np.array([]), np.array([], dtype=np.int64)
    assert percentile_errors(*empty, DRAWS, [50.0, 95.0]) == [None, None]


def test_one_task_in_one_block_is_what_it_is() -> None:
    alone = percentile_errors(np.array([5.0]), np.array([3]), DRAWS, [50.0])[0]
    assert alone is not None
    assert alone < 1e-9


def test_times_below_a_microsecond_are_times() -> None:
    values = np.zeros(100)
    block_of = np.arange(100) % MOST_BLOCKS
    error = percentile_errors(values, block_of, DRAWS, [50.0])[0]
    assert error is not None
    assert error < 1e-9
