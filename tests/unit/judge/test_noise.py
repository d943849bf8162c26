"""Intervals of a change, against changes that are known: how often they hold it, how often noise is
taken for a difference, and whether a slowdown of 20 % is found."""

from math import exp, log
from random import Random

import numpy as np
import pytest

from orchestrator.judge.blocks import MOST_BLOCKS, percentile_errors, resampled
from orchestrator.judge.noise import (
    CONFIDENCE,
    LEAST_SCATTER,
    Measured,
    interval,
    meaning,
    noise_kind,
)
from orchestrator.records import FigureKey, Interval
from tests.unit.judge.simulated_runs import simulated_run

DRAWS = resampled(MOST_BLOCKS, 1)
DURATION = FigureKey("task_duration", "p", 50.0)
SLOWER = 1.2


def single(seed: int, **changes: float) -> Measured:
    run = simulated_run(seed, **changes)
    errors = tuple(percentile_errors(run.values_ms, run.block_of, DRAWS, [50.0]))
    return Measured((float(np.median(run.values_ms)),), errors, MOST_BLOCKS)


@pytest.fixture(scope="module")
def pairs() -> list[tuple[Measured, Measured]]:
    """300 pairs of equal runs."""
    runs = [single(seed) for seed in range(100)]
    return [(runs[at], runs[(at + far) % 100]) for far in (1, 2, 3) for at in range(100)]


def changed(side: Measured, factor: float) -> Measured:
    return Measured(
        tuple(value * factor for value in side.values), side.errors, side.blocks, side.taken
    )


def test_of_equal_single_runs_few_look_different(pairs: list[tuple[Measured, Measured]]) -> None:
    found = [interval(*pair, in_turns=False) for pair in pairs]
    alarms = sum(each is not None and each.beyond_noise for each in found)
    assert alarms <= 6, alarms


def test_a_slowdown_of_a_fifth_is_found_in_single_runs(
    pairs: list[tuple[Measured, Measured]],
) -> None:
    found = [interval(base, changed(head, SLOWER), in_turns=False) for base, head in pairs]
    seen = sum(each is not None and each.low > 0 for each in found)
    assert seen >= 270, seen
    held = sum(each is not None and each.low < SLOWER - 1 < each.high for each in found)
    assert held >= 291, held


@pytest.mark.parametrize(
    ("runs", "scatter", "least_found"), [(3, 0.02, 0.85), (5, 0.04, 0.97), (10, 0.06, 0.99)]
)
def test_repeats_hold_the_truth_as_often_as_was_said(
    runs: int, scatter: float, least_found: float
) -> None:
    random = Random(runs)
    held = alarms = found = 0
    for _ in range(2_000):
        base, head = (
            Measured(tuple(exp(random.gauss(3.0, scatter)) for _ in range(runs))) for _ in range(2)
        )
        same = interval(base, head, in_turns=True)
        slower = interval(base, changed(head, SLOWER), in_turns=True)
        assert same is not None
        assert slower is not None
        alarms += same.beyond_noise
        found += slower.low > 0
        held += slower.low <= SLOWER - 1 <= slower.high
    assert held / 2_000 == pytest.approx(CONFIDENCE, abs=0.008)
    assert alarms <= 36, alarms
    assert found / 2_000 >= least_found


def test_six_figures_of_equal_repeats_raise_a_false_alarm_once_in_twenty() -> None:
    random = Random(8)
    alarms = 0
    for _ in range(1_000):
        sides = [
            [Measured(tuple(exp(random.gauss(0, 0.1)) for _ in range(5))) for _ in range(6)]
            for _ in range(2)
        ]
        found = [interval(base, head, in_turns=True) for base, head in zip(*sides, strict=True)]
        alarms += any(each is not None and each.beyond_noise for each in found)
    assert alarms <= 80, alarms


def test_one_run_against_five_is_told_by_the_five() -> None:
    random = Random(9)
    alarms = found = 0
    for _ in range(1_000):
        base = Measured(tuple(exp(random.gauss(3.0, 0.02)) for _ in range(5)))
        head = Measured((exp(random.gauss(3.0, 0.02)),))
        same = interval(base, head, in_turns=False)
        slower = interval(base, changed(head, SLOWER), in_turns=False)
        assert same is not None
        assert slower is not None
        alarms += same.beyond_noise
        found += slower.low > 0
    assert alarms <= 25, alarms
    assert found >= 800, found


def test_runs_without_any_scatter_within_are_still_not_exact() -> None:
    side = Measured((100.0,), (0.0,), MOST_BLOCKS)
    found = interval(side, side, in_turns=False)
    assert found is not None
    assert found.change == 0.0
    assert found.high == pytest.approx(exp(2.7 * LEAST_SCATTER * 2**0.5) - 1, rel=0.02)


def test_two_runs_a_side_that_lie_far_apart_say_so() -> None:
    near = Measured((100.0, 101.0), (0.001, 0.001), MOST_BLOCKS)
    far = Measured((100.0, 160.0), (0.001, 0.001), MOST_BLOCKS)
    calm, wild = interval(near, near, in_turns=True), interval(near, far, in_turns=True)
    assert calm is not None
    assert wild is not None
    assert wild.high - wild.low > 5 * (calm.high - calm.low)


def test_what_others_took_makes_room_unless_it_fell_on_both_alike() -> None:
    base = Measured((100.0,), (0.05,), MOST_BLOCKS, taken=0.0)
    busy = Measured((150.0,), (0.05,), MOST_BLOCKS, taken=0.6)
    plain, wide, turns = (
        interval(base, head, in_turns=in_turns)
        for head, in_turns in (
            (Measured((150.0,), (0.05,), MOST_BLOCKS, taken=0.0), False),
            (busy, False),
            (busy, True),
        )
    )
    assert plain is not None
    assert wide is not None
    assert plain == turns
    assert log((1 + wide.high) / (1 + plain.high)) == pytest.approx(4 * 0.05 * 20**0.5, rel=1e-6)
    assert plain.beyond_noise
    assert not wide.beyond_noise


def test_a_figure_that_does_not_waver_has_not_been_moved_by_others() -> None:
    base = Measured((100.0,), (0.001,), MOST_BLOCKS, taken=0.0)
    found = interval(base, Measured((120.0,), (0.001,), MOST_BLOCKS, taken=0.6), in_turns=False)
    assert found is not None
    assert found.beyond_noise


def test_others_stretch_only_what_is_exposed_to_them() -> None:
    def sides(exposed: float) -> list[Measured]:
        return [Measured((100.0,), (0.05,), MOST_BLOCKS, taken, exposed) for taken in (0.2, 0.4)]

    none, half, all_of_it = (interval(*sides(share), in_turns=False) for share in (0.0, 0.5, 1.0))
    assert none is not None
    assert half is not None
    assert all_of_it is not None
    assert (1 + all_of_it.high) / (1 + none.high) == pytest.approx(0.8 / 0.6)
    assert (1 + half.high) / (1 + none.high) == pytest.approx(1 + 0.5 * (0.8 / 0.6 - 1))


def test_what_is_not_known_is_left_out() -> None:
    unknown = Measured((100.0,), (0.01,), MOST_BLOCKS)
    known = Measured((100.0,), (0.01,), MOST_BLOCKS, taken=0.5)
    assert interval(unknown, known, in_turns=False) == interval(unknown, unknown, in_turns=False)


@pytest.mark.parametrize(
    "side",
    [
        Measured(()),
        Measured((0.0,), (0.1,), MOST_BLOCKS),
        Measured((1.0,), (None,), MOST_BLOCKS),
        Measured((1.0, 2.0), (0.1, None), MOST_BLOCKS),
    ],
)
def test_without_values_or_errors_nobody_can_tell(side: Measured) -> None:
    assert interval(side, Measured((1.0,), (0.1,), MOST_BLOCKS), in_turns=False) is None


def test_where_the_noise_is_taken_from() -> None:
    assert noise_kind(3, 7) == "repeats"
    assert noise_kind(1, 3) == noise_kind(5, 2) == "one side's repeats"
    assert noise_kind(2, 2) == noise_kind(1, 1) == "blocks"


@pytest.mark.parametrize(
    ("metric", "found", "said"),
    [
        ("task_duration", None, "unknown"),
        ("task_duration", Interval(0.2, -0.1, 0.5), "noise"),
        ("task_duration", Interval(0.02, 0.01, 0.03), "small"),
        ("task_duration", Interval(0.2, 0.1, 0.3), "worse"),
        ("task_duration", Interval(-0.2, -0.3, -0.1), "better"),
        ("throughput", Interval(-0.2, -0.3, -0.1), "worse"),
        ("offered_rate", Interval(-0.2, -0.3, -0.1), "changed"),
    ],
)
def test_what_a_change_means(metric: str, found: Interval | None, said: str) -> None:
    assert meaning(FigureKey(metric, "p"), found, 0.03) == said
