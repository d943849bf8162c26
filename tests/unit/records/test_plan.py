import dataclasses

import pytest

from orchestrator.records import Call, PoolPlan, TargetPlan


def test_records_are_frozen_and_changed_only_by_replacement() -> None:
    call = Call("add", (1, 2))
    with pytest.raises(dataclasses.FrozenInstanceError):
        call.task = "other"  # type: ignore[misc]
    assert dataclasses.replace(call, queue="q").args == (1, 2)


def test_defaults_are_those_of_the_scenario_language() -> None:
    assert TargetPlan() == TargetPlan("embedded", "auto", {})
    pool = PoolPlan("add", ("add",))
    assert (pool.pool, pool.concurrency, pool.count) == ("prefork", 1, 1)
