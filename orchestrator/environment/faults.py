"""What each kind of fault does to workers and brokers.

A kind is a function and a line in `STRIKES`; it returns when what it did is over: a worker that was
started again is ready, one that stood still goes on."""

import contextlib
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import anyio
import anyio.to_thread
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
    task. When the ``load_over`` is set nobody needs to wait any more."""

    pools: Pools
    busy: Callable[[str], Sequence[int]]
    broker: PrivateServer | None = None
    watch: Callable[[PrivateServer], None] | None = None
    """Called with a server that was started again: its death is no fault of ours."""
    load_over: anyio.Event = field(default_factory=anyio.Event)

    def working(self, fault: FaultPlan) -> list[PoolProcess]:
        """The living workers that the fault is for. Raises NothingToStrike."""
        found = self.pools.working(fault.worker or "")
        if not found:
            raise NothingToStrike(f"no worker of {fault.worker} was running")
        return found

    def server(self) -> PrivateServer:
        """The private broker. Raises NothingToStrike."""
        server = self.broker
        if server is None or server.child.exit_code is not None or server.child.stopping:
            raise NothingToStrike("no private broker was running")
        return server

    async def wait(self, seconds: float) -> None:
        """So long, or until the load is over."""
        with anyio.move_on_after(seconds):
            await self.load_over.wait()


async def _worker_kill(fault: FaultPlan, victims: Victims) -> None:
    struck = victims.working(fault)
    async with anyio.create_task_group() as tasks:
        for process in struck:
            tasks.start_soon(_end_and_start_again, fault, victims, process)


async def _end_and_start_again(fault: FaultPlan, victims: Victims, process: PoolProcess) -> None:
    await process.child.end(signal.Signals[fault.signal], within_s=fault.grace_s)
    if fault.restart_after_s is not None:
        await victims.wait(fault.restart_after_s)
        await victims.pools.start_again(process)


async def _child_kill(fault: FaultPlan, victims: Victims) -> None:
    struck = 0
    for process in victims.working(fault):
        children = await anyio.to_thread.run_sync(_children, process.child.pid)
        busy = [pid for pid in victims.busy(process.name) if pid in children]
        for pid in (*busy, *children)[:1]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                struck += 1
    if not struck:
        raise NothingToStrike(f"{fault.worker} had no child process")


def _children(pid: int) -> list[int]:
    try:
        return sorted(child.pid for child in psutil.Process(pid).children())
    except psutil.NoSuchProcess:
        return []


async def _worker_pause(fault: FaultPlan, victims: Victims) -> None:
    await _pause([process.child for process in victims.working(fault)], fault, victims)


async def _broker_kill(fault: FaultPlan, victims: Victims) -> None:
    server = victims.server()
    await server.child.end(signal.Signals[fault.signal], within_s=BROKER_GRACE_S)
    await victims.wait(fault.restart_after_s or 0.0)
    await server.start_again()
    if victims.watch is not None:
        victims.watch(server)


async def _broker_pause(fault: FaultPlan, victims: Victims) -> None:
    await _pause([victims.server().child], fault, victims)


async def _pause(children: Sequence[Child], fault: FaultPlan, victims: Victims) -> None:
    """All that belongs to them stands still; whatever happens, they go on afterwards."""
    try:
        for child in children:
            child.pause()
        await victims.wait(fault.duration_s)
    finally:
        for child in children:
            child.resume()


STRIKES: Mapping[FaultKind, Callable[[FaultPlan, Victims], Awaitable[None]]] = {
    "worker-kill": _worker_kill,
    "child-kill": _child_kill,
    "worker-pause": _worker_pause,
    "broker-kill": _broker_kill,
    "broker-pause": _broker_pause,
}
