"""What each kind of fault does to workers and brokers.

A kind is a function and a line in `STRIKES`; it returns when what it did is over: a worker that was
started again is ready, one that stood still goes on."""

import contextlib
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import anyio
import psutil

from orchestrator.environment.child import Child
from orchestrator.environment.pools import PoolProcess, Pools
from orchestrator.environment.private_server import PrivateServer
from orchestrator.records import FaultKind, FaultPlan

BROKER_GRACE_S = 30.0
"""A broker that has not ended after this is killed."""


class NothingToStrike(Exception):
    """What the fault is for is not there; its text says what."""


@dataclass(frozen=True, slots=True)
class Victims:
    """Who may be struck. ``busy`` gives, of a worker by its process name, the processes that run a
    task."""

    pools: Pools
    busy: Callable[[str], Sequence[int]]
    broker: PrivateServer | None = None
    watch: Callable[[PrivateServer], None] | None = None
    """Called with a server that was started again: its death is no fault of ours."""

    def working(self, fault: FaultPlan) -> list[PoolProcess]:
        """The living workers that the fault is for. Raises NothingToStrike."""
        found = self.pools.working(fault.worker or "")
        if not found:
            raise NothingToStrike(f"no worker of {fault.worker} was running")
        return found

    def server(self) -> PrivateServer:
        """The private broker. Raises NothingToStrike."""
        if self.broker is None or self.broker.child.exit_code is not None:
            raise NothingToStrike("no private broker was running")
        return self.broker


async def _worker_kill(fault: FaultPlan, victims: Victims) -> None:
    struck = victims.working(fault)
    async with anyio.create_task_group() as tasks:
        for process in struck:
            tasks.start_soon(_end_and_start_again, fault, victims.pools, process)


async def _end_and_start_again(fault: FaultPlan, pools: Pools, process: PoolProcess) -> None:
    await process.child.end(signal.Signals[fault.signal], within_s=fault.grace_s)
    if fault.restart_after_s is not None:
        await anyio.sleep(fault.restart_after_s)
        await pools.start_again(process)


async def _child_kill(fault: FaultPlan, victims: Victims) -> None:
    struck = 0
    for process in victims.working(fault):
        children = {child.pid for child in _children(process.child.pid)}
        busy = [pid for pid in victims.busy(process.name) if pid in children]
        for pid in (*busy, *sorted(children))[:1]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                struck += 1
    if not struck:
        raise NothingToStrike(f"{fault.worker} had no child process")


def _children(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children()
    except psutil.NoSuchProcess:
        return []


async def _worker_pause(fault: FaultPlan, victims: Victims) -> None:
    await _pause([process.child for process in victims.working(fault)], fault.duration_s)


async def _broker_kill(fault: FaultPlan, victims: Victims) -> None:
    server = victims.server()
    await server.child.end(signal.Signals[fault.signal], within_s=BROKER_GRACE_S)
    await anyio.sleep(fault.restart_after_s or 0.0)
    await server.start_again()
    if victims.watch is not None:
        victims.watch(server)


async def _broker_pause(fault: FaultPlan, victims: Victims) -> None:
    await _pause([victims.server().child], fault.duration_s)


async def _pause(children: Sequence[Child], duration_s: float) -> None:
    """SIGSTOP for all that belongs to them; whatever happens, they go on afterwards."""
    try:
        for child in children:
            child.send_signal_to_all(signal.SIGSTOP)
        await anyio.sleep(duration_s)
    finally:
        for child in children:
            child.send_signal_to_all(signal.SIGCONT)


STRIKES: Mapping[FaultKind, Callable[[FaultPlan, Victims], Awaitable[None]]] = {
    "worker-kill": _worker_kill,
    "child-kill": _child_kill,
    "worker-pause": _worker_pause,
    "broker-kill": _broker_kill,
    "broker-pause": _broker_pause,
}
