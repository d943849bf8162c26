"""Each fault strikes at its time; what became of it is known at any time."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

import anyio
import pytest

from orchestrator.environment.faults import STRIKES, NothingToStrike, Victims
from orchestrator.environment.pools import Pools
from orchestrator.errors import PoolFailed
from orchestrator.faults import Faults
from orchestrator.load.clock import NS_PER_S, now_ns
from orchestrator.records import FaultPlan


def nobody() -> Victims:
    return Victims(cast("Pools", None), lambda _: ())


async def load(faults: Faults, seconds: float, start_ns: int | None = None) -> None:
    with anyio.fail_after(10):
        async with faults.striking(nobody(), start_ns or now_ns()):
            await anyio.sleep(seconds)


Strike = Callable[[FaultPlan, Victims], Awaitable[None]]


def pretend(monkeypatch: pytest.MonkeyPatch, strike: Strike) -> None:
    kinds: dict[str, Any] = dict.fromkeys(STRIKES, strike)
    monkeypatch.setattr("orchestrator.faults.STRIKES", kinds)


async def test_they_strike_at_their_times_and_may_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    async def pause(fault: FaultPlan, victims: Victims) -> None:
        await anyio.sleep(fault.duration_s)

    pretend(monkeypatch, pause)
    plans = [
        FaultPlan("broker-pause", 0.1, duration_s=0.3),
        FaultPlan("worker-pause", 0.2, "add", duration_s=0.05),
    ]
    told: list[tuple[str, ...]] = []
    faults = Faults(plans, lambda names: told.append(tuple(names)))
    assert [event.struck_ns for event in faults.events] == [None, None]
    start_ns = now_ns()
    with anyio.fail_after(10):
        await load(faults, 0.6, start_ns)
    assert [event.plan for event in faults.events] == plans
    broker, worker = "broker-pause", "worker-pause add"
    assert told == [(broker,), (broker, worker), (broker,), ()]
    for event, plan in zip(faults.events, plans, strict=True):
        assert event.struck_ns is not None
        assert event.ended_ns is not None
        assert event.struck_ns >= start_ns + plan.at_s * NS_PER_S
        assert event.ended_ns >= event.struck_ns + plan.duration_s * NS_PER_S


async def test_one_that_goes_on_has_struck(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(fault: FaultPlan, victims: Victims) -> None:
        await anyio.sleep_forever()

    pretend(monkeypatch, hang)
    faults = Faults([FaultPlan("broker-kill", 0.0)])
    with anyio.move_on_after(0.1):
        await load(faults, 5)
    (event,) = faults.events
    assert event.struck_ns is not None
    assert event.ended_ns is None


@pytest.mark.parametrize(("restart_after_s", "over"), [(None, False), (0.0, True)])
async def test_a_worker_that_is_not_started_again_is_never_over(
    restart_after_s: float | None, over: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def kill(fault: FaultPlan, victims: Victims) -> None:
        await anyio.lowlevel.checkpoint()

    pretend(monkeypatch, kill)
    faults = Faults([FaultPlan("worker-kill", 0.0, "add", restart_after_s=restart_after_s)])
    await load(faults, 0.2)
    assert (faults.events[0].ended_ns is not None) is over


async def test_one_that_finds_nothing_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    async def miss(fault: FaultPlan, victims: Victims) -> None:
        raise NothingToStrike("no worker of add was running")

    pretend(monkeypatch, miss)
    faults = Faults([FaultPlan("child-kill", 0.0, "add")])
    await load(faults, 0.2)
    assert (faults.events[0].struck_ns, faults.events[0].note) == (
        None,
        "no worker of add was running",
    )


async def test_what_does_not_come_back_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(fault: FaultPlan, victims: Victims) -> None:
        raise PoolFailed("was not ready")

    pretend(monkeypatch, fail)
    with pytest.raises(ExceptionGroup) as raised:
        await load(Faults([FaultPlan("worker-kill", 0.0, "add")]), 5)
    assert raised.group_contains(PoolFailed)


async def test_after_the_load_a_broker_comes_back_and_nobody_waits_for_workers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def kill(fault: FaultPlan, victims: Victims) -> None:
        await victims.wait(60)
        await anyio.sleep(0.05)

    pretend(monkeypatch, kill)
    plans = [
        FaultPlan("broker-kill", 0.0, restart_after_s=60.0),
        FaultPlan("worker-kill", 0.0, "add", restart_after_s=60.0),
        FaultPlan("broker-kill", 30.0, restart_after_s=60.0),
    ]
    faults = Faults(plans)
    await load(faults, 0.1)
    broker, worker, later = faults.events
    assert broker.ended_ns is not None
    assert worker.struck_ns is not None
    assert worker.ended_ns is None
    assert later.struck_ns is None
