"""Clocks of other hosts: what is known of them, and what must stay unknown."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from orchestrator.observe.clocks import compare_clocks, wall_ns, wall_shift_ns

MS = 1_000_000
OURS = -5_000 * MS
"""Our wall clock runs 5 s ahead of our monotonic one."""


def test_on_this_host_the_distance_is_known() -> None:
    clocks, shifts = compare_clocks(["add@here"], {}, OURS, here="here")
    assert [(clock.host, clock.same, clock.ahead_ms) for clock in clocks] == [("here", True, 0.0)]
    assert shifts == {"add@here": OURS, "": OURS}


def test_another_host_is_between_what_its_workers_told() -> None:
    # It is 200 ms ahead of us: 200 ms more must be taken off. Its first worker bounds it from
    # below by 10 ms, its second from above by 4 ms.
    true = OURS - 200 * MS
    bounds = {"a@there": (true - 10 * MS, true + 50 * MS), "b@there": (None, true + 4 * MS)}
    (clock,), shifts = compare_clocks(list(bounds), bounds, OURS, here="here")
    assert not clock.same
    assert clock.ahead_ms == pytest.approx(203.0)
    assert clock.uncertainty_ms == pytest.approx(7.0)
    assert shifts == dict.fromkeys(("a@there", "b@there", ""), true - 3 * MS)


def test_what_is_bounded_from_one_side_only_cannot_be_compared() -> None:
    (clock,), shifts = compare_clocks(["a@there"], {"a@there": (None, 7)}, OURS, here="here")
    assert (clock.ahead_ms, clock.uncertainty_ms, shifts) == (None, None, {})


def test_a_worker_without_a_name_is_nowhere_when_there_are_two_hosts() -> None:
    _, shifts = compare_clocks(["a@here", "b@there"], {"": (0, 1)}, OURS, here="here")
    assert shifts == {"a@here": OURS}


@pytest.mark.parametrize(
    ("date", "nanoseconds"),
    [
        ("1970-01-01T00:00:01.000002+00:00", 1_000_002_000),
        ("1970-01-01T01:00:01+01:00", 1_000_000_000),
        ("1970-01-01T00:00:01", 1_000_000_000),
        (datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), 1_000_000_000),
        (datetime(1970, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))), 0),
        ("yesterday", None),
        (None, None),
        (12.5, None),
    ],
)
def test_dates_of_results(date: Any, nanoseconds: int | None) -> None:
    assert wall_ns(date) == nanoseconds


def test_our_own_distance_does_not_move() -> None:
    assert abs(wall_shift_ns() - wall_shift_ns()) < 1_000 * MS
