"""The search finds a known border, from both sides, in few steps."""

import pytest

from orchestrator.experiments.search import LEAST_PER_S, Search


def climb(border: float, start: float = 10.0, most: float = 1e6) -> tuple[Search, list[float]]:
    """Rates up to ``border`` hold; what is too much completes at the border's rate."""
    search = Search(start, most, tolerance=0.05)
    tried: list[float] = []
    while (rate := search.next_rate()) is not None:
        tried.append(rate)
        assert len(tried) < 60
        search.tell(rate, held=rate <= border, completed_per_s=min(rate, border))
    return search, tried


@pytest.mark.parametrize("border", [0.3, 1.0, 7.7, 10.0, 80.0, 83.3, 999.0, 12_345.6])
@pytest.mark.parametrize("start", [1.0, 10.0, 5_000.0])
def test_the_border_is_between_the_last_two(border: float, start: float) -> None:
    search, tried = climb(border, start)
    assert search.held_per_s is not None
    assert search.failed_per_s is not None
    assert search.held_per_s <= border < search.failed_per_s <= search.held_per_s * 1.05
    assert len(tried) <= 22


def test_what_was_completed_shortens_the_way() -> None:
    _, tried = climb(83.3)
    assert tried[:5] == [10, 20, 40, 80, 160]
    assert len(tried) <= 9


def test_the_highest_rate_asked_for_is_the_end() -> None:
    search, tried = climb(1e9, most=100.0)
    assert (search.held_per_s, search.failed_per_s, tried[-1]) == (100.0, None, 100.0)


def test_a_start_above_the_highest_rate_is_that_rate() -> None:
    assert Search(1000.0, 100.0, 0.05).next_rate() == 100.0


def test_nothing_holds() -> None:
    search, tried = climb(0.0)
    assert search.held_per_s is None
    assert LEAST_PER_S <= tried[-1] < 2 * LEAST_PER_S


def test_a_rate_that_holds_above_one_that_did_not_says_that_it_was_judged_too_hard() -> None:
    search = Search(10.0, 1000.0, 0.05)
    search.tell(10.0, held=True)
    search.tell(20.0, held=False)
    search.tell(40.0, held=True)
    assert (search.held_per_s, search.failed_per_s) == (40.0, None)
    assert search.next_rate() == 80.0
