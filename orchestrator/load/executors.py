"""The executors: when each iteration of a workload starts. Names and meaning are k6's.

An executor decides only *when*; `Iterations` does the work and the counting. Adding an executor is
one function and one line in `EXECUTORS`."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import anyio

from orchestrator.load.clock import NS_PER_S, after, now_ns, sleep_until
from orchestrator.records import ExecutorKind, WorkloadPlan


class Iterations(Protocol):
    """What an executor acts on. ``run`` awaits one iteration's end; ``start`` does not wait for
    it."""

    async def run(self, iteration: int, intended_ns: int) -> None: ...

    def start(self, iteration: int, intended_ns: int) -> None: ...

    def drop(self, count: int) -> None: ...

    @property
    def in_flight(self) -> int: ...


Executor = Callable[[WorkloadPlan, Iterations, int], Awaitable[None]]
"""Takes the workload, its iterations and its start time; returns when it will start no more."""


async def shared_iterations(workload: WorkloadPlan, iterations: Iterations, start_ns: int) -> None:
    """``iterations`` in all, shared by ``vus``; what ``max_duration`` left undone is dropped."""
    total = workload.iterations or 1
    end_ns = after(start_ns, workload.max_duration_s)
    started = 0

    async def vu() -> None:
        nonlocal started
        while started < total and now_ns() < end_ns:
            started += 1
            await iterations.run(started - 1, now_ns())

    try:
        async with anyio.create_task_group() as vus:
            for _ in range(workload.vus):
                vus.start_soon(vu)
    finally:
        iterations.drop(total - started)


async def constant_vus(workload: WorkloadPlan, iterations: Iterations, start_ns: int) -> None:
    """``vus`` canvases in flight, each replaced at once by the next, for ``duration``."""
    end_ns = after(start_ns, workload.duration_s or 0.0)
    started = 0

    async def vu() -> None:
        nonlocal started
        while now_ns() < end_ns:
            started += 1
            await iterations.run(started - 1, now_ns())

    async with anyio.create_task_group() as vus:
        for _ in range(workload.vus):
            vus.start_soon(vu)


async def constant_arrival_rate(
    workload: WorkloadPlan, iterations: Iterations, start_ns: int
) -> None:
    """One iteration each 1/rate seconds, whatever the workers do.

    The n-th is intended at start + n/rate: a late loop does not shift those that follow. What would
    exceed ``max_in_flight`` is dropped and counted. The iteration's number is its place in the
    schedule, so that its arguments are the same whether or not others were dropped."""
    rate_per_s = workload.rate_per_s or 1.0
    limit = workload.max_in_flight or 0
    for iteration in range(arrivals(rate_per_s, workload.duration_s or 0.0)):
        intended_ns = start_ns + round(iteration / rate_per_s * NS_PER_S)
        if intended_ns > now_ns() or not iteration % 64:
            await sleep_until(intended_ns)
        if limit and iterations.in_flight >= limit:
            iterations.drop(1)
        else:
            iterations.start(iteration, intended_ns)
    await sleep_until(after(start_ns, workload.duration_s or 0.0))


def arrivals(rate_per_s: float, duration_s: float) -> int:
    """How many iterations a constant rate starts within a duration; the first starts at 0."""
    return max(0, -int(-(rate_per_s * duration_s) // 1))


EXECUTORS: Mapping[ExecutorKind, Executor] = {
    "shared-iterations": shared_iterations,
    "constant-vus": constant_vus,
    "constant-arrival-rate": constant_arrival_rate,
}
