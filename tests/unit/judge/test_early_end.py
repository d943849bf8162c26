"""A threshold that may end a run is judged while the load goes on."""

from dataclasses import replace
from typing import Any

import anyio

from orchestrator.judge.early_end import first_failed
from orchestrator.judge.judge import STEP, Evidence
from orchestrator.load.clock import now_ns
from orchestrator.records import Outcome, Threshold
from tests.unit.judge.outcome_factory import make_outcome, make_plan, make_threshold


def abort_on(metric: str, **changes: Any) -> Threshold:
    return replace(make_threshold(metric, "count==0"), abort_on_fail=True, **changes)


def failed(name: str) -> Outcome:
    return make_outcome(name, state="FAILURE", matched=False)


async def test_the_first_that_fails_is_given_a_second_after_it_could_be_known() -> None:
    outcomes = [make_outcome("good")]
    plan = make_plan(abort_on("tasks_wrong"), abort_on("tasks_failed"))
    start_ns = now_ns()

    async def go_wrong() -> None:
        await anyio.sleep(1.5)
        outcomes.append(failed("bad"))

    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(go_wrong)
            result = await first_failed(plan, lambda: Evidence(tuple(outcomes)), start_ns)
    assert (result.metric, result.observed) == ("tasks_failed", 1)
    assert now_ns() - start_ns >= 2_000_000_000


async def test_only_those_that_may_end_the_run_count_and_only_after_their_delay() -> None:
    outcomes = [failed("bad")]
    start_ns = now_ns()
    plan = make_plan(
        make_threshold("tasks_failed", "count==0"),
        abort_on("tasks_failed", delay_abort_eval_s=2.0, expression="count<1"),
    )
    with anyio.fail_after(10):
        result = await first_failed(plan, lambda: Evidence(outcomes), start_ns)
    assert result.expression == "count<1"
    assert now_ns() - start_ns >= 2_000_000_000


async def test_the_load_goes_on_while_a_long_run_is_judged() -> None:
    turns = 0

    async def load() -> None:
        nonlocal turns
        while True:
            await anyio.lowlevel.checkpoint()
            turns += 1

    def evidence() -> Evidence:
        nonlocal turns
        turns = 0
        return Evidence([failed(str(number)) for number in range(100 * STEP)])

    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(load)
            await first_failed(make_plan(abort_on("tasks_failed")), evidence, now_ns())
            tasks.cancel_scope.cancel()
    assert turns >= 100
