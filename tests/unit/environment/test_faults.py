"""Who is struck, and that what is not there is said."""

import signal
from typing import Any, cast

import pytest

from orchestrator.environment.faults import STRIKES, NothingToStrike, Victims
from orchestrator.environment.pools import Pools
from orchestrator.records import FaultPlan


class FakeChild:
    def __init__(self) -> None:
        self.exit_code: int | None = None
        self.signals: list[signal.Signals] = []

        self.stopping = False

    def pause(self) -> None:
        self.signals.append(signal.SIGSTOP)

    def resume(self) -> None:
        self.signals.append(signal.SIGCONT)

    async def end(self, signum: signal.Signals, *, within_s: float) -> None:
        self.signals.append(signum)
        self.exit_code = -signum


class FakeServer:
    def __init__(self) -> None:
        self.child = FakeChild()
        self.starts = 0

    async def start_again(self) -> None:
        self.starts += 1
        self.child = FakeChild()


class NoPools:
    def working(self, worker: str) -> list[Any]:
        return []


def victims(server: FakeServer | None = None, watched: list[Any] | None = None) -> Victims:
    watch = None if watched is None else watched.append
    return Victims(cast("Pools", NoPools()), lambda _: (), cast("Any", server), watch)


@pytest.mark.parametrize("kind", ["worker-kill", "child-kill", "worker-pause"])
async def test_a_pool_without_workers_cannot_be_struck(kind: Any) -> None:
    with pytest.raises(NothingToStrike, match=r"no worker of add\.2 was running"):
        await STRIKES[kind](FaultPlan(kind, 0.0, "add.2"), victims())


@pytest.mark.parametrize("kind", ["broker-kill", "broker-pause"])
async def test_nor_can_a_broker_that_is_not_there(kind: Any) -> None:
    with pytest.raises(NothingToStrike, match="no private broker was running"):
        await STRIKES[kind](FaultPlan(kind, 0.0), victims())
    gone = FakeServer()
    gone.child.exit_code = 1
    with pytest.raises(NothingToStrike):
        await STRIKES[kind](FaultPlan(kind, 0.0), victims(gone))
    ending = FakeServer()
    ending.child.stopping = True
    with pytest.raises(NothingToStrike):
        await STRIKES[kind](FaultPlan(kind, 0.0), victims(ending))


async def test_a_broker_is_ended_started_again_and_watched() -> None:
    server, watched = FakeServer(), list[Any]()
    child = server.child
    fault = FaultPlan("broker-kill", 0.0, signal="SIGTERM", restart_after_s=0.0)
    await STRIKES["broker-kill"](fault, victims(server, watched))
    assert child.signals == [signal.SIGTERM]
    assert server.starts == 1
    assert watched == [server]


async def test_a_broker_that_stood_still_goes_on() -> None:
    server = FakeServer()
    await STRIKES["broker-pause"](FaultPlan("broker-pause", 0.0, duration_s=0.01), victims(server))
    assert server.child.signals == [signal.SIGSTOP, signal.SIGCONT]
