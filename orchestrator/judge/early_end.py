"""Thresholds that may end a run while it goes on."""

import time
from collections.abc import Callable, Generator
from dataclasses import replace
from math import ceil
from typing import TypeVar

import anyio.lowlevel

from orchestrator.judge.judge import Evidence, standing
from orchestrator.load.clock import NS_PER_S, after, now_ns, sleep_until
from orchestrator.records import Plan, ThresholdResult

T = TypeVar("T")
AFTER_S = 0.1
"""How long after the full second: its sample counts too."""
SHARE = 20
"""Judging takes one part in so many of the time, at most."""


async def first_failed(
    plan: Plan, evidence: Callable[[], Evidence], start_ns: int
) -> ThresholdResult:
    """Judge what there is so far, once a second, by the thresholds with `abort_on_fail` whose
    `delay_abort_eval` is over; return the first that fails. ``start_ns`` is when the load began.

    Judging goes through every task, on the loop that drives the load: in steps between which the
    load goes on, and less often when the run is long."""
    wake_s = 1.0 + AFTER_S
    while True:
        await sleep_until(after(start_ns, wake_s))
        elapsed_s = (now_ns() - start_ns) / NS_PER_S
        due = tuple(
            threshold
            for threshold in plan.thresholds
            if threshold.abort_on_fail and elapsed_s >= threshold.delay_abort_eval_s
        )
        busy_s = 0.0
        if due:
            steps = standing(replace(plan, thresholds=due), evidence())
            results, busy_s = await _between_others(steps)
            for result in results:
                if not result.passed and result.observed is not None:
                    return result
        wake_s = ceil((now_ns() - start_ns) / NS_PER_S + SHARE * busy_s) + AFTER_S


async def _between_others(steps: Generator[None, None, T]) -> tuple[T, float]:
    """What the steps come to, and how many seconds they took; other tasks run between them."""
    busy_s = 0.0
    while True:
        await anyio.lowlevel.checkpoint()
        began = time.perf_counter()
        try:
            next(steps)
        except StopIteration as end:
            return end.value, busy_s + time.perf_counter() - began
        busy_s += time.perf_counter() - began
