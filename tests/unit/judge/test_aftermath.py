"""What a fault did to the tasks in flight."""

from dataclasses import replace
from typing import Any

import pytest

from orchestrator.judge.aftermath import Aftermath
from orchestrator.records import FaultEvent, FaultPlan, FaultReport, Outcome, PoolPlan, Verdict
from tests.unit.judge.outcome_factory import S, make_outcome, no_result

POOLS = (PoolPlan("fast", ("add", "sums")), PoolPlan("slow", ("mul",)))
KILL = FaultPlan("worker-kill", 10.0, "fast", restart_after_s=1.0)
STRUCK, ENDED = 110 * S, 113 * S
"""Of a load that began at 100 s."""


def task(intended_s: float, seen_s: float | None, **changes: Any) -> Outcome:
    make = make_outcome if seen_s is not None else no_result
    at = {"intended_ns": round(intended_s * S), "published_ns": round(intended_s * S)}
    if seen_s is not None:
        at["seen_ns"] = round(seen_s * S)
        at["started_ns"] = round((seen_s - 0.5) * S)
    return make(**{**at, **changes})


def report(
    *judged: tuple[Outcome, Verdict], event: FaultEvent | None = None, load_start_ns: int = 100 * S
) -> FaultReport:
    aftermath = Aftermath([event or FaultEvent(KILL, STRUCK, ENDED)], POOLS, load_start_ns)
    for outcome, verdict in judged:
        aftermath.add(outcome, verdict)
    (made,) = aftermath.reports()
    return made


def test_times_and_what_became_of_the_tasks_in_flight() -> None:
    made = report(
        (task(105, 109.9), "ok"),  # over before
        (task(109, 110.2), "ok"),  # in flight, but started before it
        (task(109, None, cut_off=1), "lost_task"),
        (task(112, 116), "ok"),
        (task(112.5, 118, cut_off=1), "ok"),
        (task(113.5, 114.5), "ok"),  # intended after it
    )
    assert (made.struck_s, made.ended_s) == (10.0, 13.0)
    assert (made.tasks, made.cut_off) == (4, 2)
    assert made.verdicts == {"ok": 3, "lost_task": 1}
    assert made.down_s == 4.5
    assert made.recovered_s == 8.0


def test_a_task_of_another_pools_queue_is_none_of_its_business() -> None:
    other = task(109, 112, queue="mul", pool="slow")
    assert report((other, "ok")).tasks == 0
    broker = FaultEvent(FaultPlan("broker-pause", 10.0, duration_s=3.0), STRUCK, ENDED)
    assert report((other, "ok"), event=broker).tasks == 1


def test_of_one_that_is_never_over_only_what_it_found_in_flight_counts() -> None:
    event = FaultEvent(replace(KILL, restart_after_s=None), STRUCK)
    made = report((task(109, None), "late"), (task(150, None), "late"), event=event)
    assert (made.tasks, made.ended_s, made.down_s, made.recovered_s) == (1, None, None, None)


def test_a_task_that_another_worker_of_its_queue_took_over_is_in_flight() -> None:
    assert report((task(109, 112, pool="other"), "ok"), (task(109, 112, pool=""), "ok")).tasks == 2


def test_without_a_result_to_wait_for_a_task_is_over_when_it_has_ended() -> None:
    over = task(105, None, ignored=True, finished_ns=106 * S)
    late = task(109, None, ignored=True, finished_ns=112 * S)
    made = report((over, "ok"), (late, "ok"))
    assert (made.tasks, made.recovered_s) == (1, 2.0)


def test_one_that_did_not_strike_did_nothing() -> None:
    made = report((task(109, 112), "ok"), event=FaultEvent(KILL, note="no worker"))
    assert (made.struck_s, made.tasks, made.note) == (None, 0, "no worker")


def test_a_task_sent_by_a_worker_is_in_flight_from_its_publishing() -> None:
    body = task(109, 112, direct=False, intended_ns=None)
    assert report((body, "ok")).tasks == 1
    assert report((replace(body, published_ns=114 * S), "ok")).tasks == 0


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_what_one_fault_has_lost_another_does_not_lose_again(order: tuple[int, int]) -> None:
    events = [FaultEvent(KILL, 110 * S, 111 * S), FaultEvent(KILL, 120 * S, 121 * S)]
    aftermath = Aftermath([events[at] for at in order], POOLS, 100 * S)
    aftermath.add(task(109, None, cut_off=1), "lost_task")
    aftermath.add(task(109, 125, cut_off=1), "ok")
    reports = aftermath.reports()
    first, second = (reports[order.index(at)] for at in (0, 1))
    assert (first.verdicts, first.cut_off) == ({"ok": 1, "lost_task": 1}, 2)
    assert (second.verdicts, second.cut_off) == ({"ok": 1}, 0)
