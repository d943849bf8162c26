"""The executors: when each iteration of a workload starts. Names and meaning are k6's.

An executor decides only *when*; `Iterations` does the work and the counting. Adding an executor is
one function and one line in `EXECUTORS`."""

from collections.abc import Awaitable, Callable, Iterator, Mapping

import anyio

from orchestrator.load.arrivals import constant_arrivals, ramping_arrivals
from orchestrator.load.backlog import backlog
from orchestrator.load.clock import after, now_ns, sleep_until
from orchestrator.load.iterations import Iterations
from orchestrator.load.ramping_vus import ramping_vus
from orchestrator.records import ExecutorKind, WorkloadPlan

AT_ONCE = 16
"""Iterations that an open model starts without a pause when it is behind: the first of them waits
for the last to be built."""

Executor = Callable[[WorkloadPlan, Iterations, int], Awaitable[None]]
"""Takes the workload, its iterations and its start time; returns when it will start no more."""


async def shared_iterations(workload: WorkloadPlan, iterations: Iterations, start_ns: int) -> None:
    """``iterations`` in all, shared by ``vus``; what ``max_duration`` left undone is dropped."""
    await _counted(workload, iterations, start_ns, each=None)


async def per_vu_iterations(workload: WorkloadPlan, iterations: Iterations, start_ns: int) -> None:
    """``iterations`` for each of ``vus``; what ``max_duration`` left undone is dropped."""
    await _counted(workload, iterations, start_ns, each=workload.iterations or 1)


async def _counted(
    workload: WorkloadPlan, iterations: Iterations, start_ns: int, *, each: int | None
) -> None:
    total = (workload.iterations or 1) if each is None else each * workload.vus
    end_ns = after(start_ns, workload.max_duration_s)
    started = 0

    async def vu() -> None:
        nonlocal started
        mine = 0
        while started < total and mine != each and now_ns() < end_ns:
            started += 1
            mine += 1
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
    """One iteration each 1/rate seconds for ``duration``, whatever the workers do."""
    times = constant_arrivals(workload.rate_per_s or 1.0, workload.duration_s or 0.0)
    await _arrive(workload, iterations, start_ns, times)


async def ramping_arrival_rate(
    workload: WorkloadPlan, iterations: Iterations, start_ns: int
) -> None:
    """Iterations at a rate that changes in ``stages``, whatever the workers do."""
    times = ramping_arrivals(workload.start, workload.stages)
    await _arrive(workload, iterations, start_ns, times)


async def _arrive(
    workload: WorkloadPlan, iterations: Iterations, start_ns: int, times: Iterator[float]
) -> None:
    """Start iterations at their intended times (seconds after the start); a late loop does not
    shift those that follow.

    What would exceed ``max_in_flight`` is dropped and counted. The iteration's number is its place
    in the schedule, so that its arguments are the same whether or not others were dropped."""
    limit = workload.max_in_flight or 0
    for iteration, at_s in enumerate(times):
        intended_ns = after(start_ns, at_s)
        if intended_ns > now_ns() or not iteration % AT_ONCE:
            await sleep_until(intended_ns)
        if limit and iterations.in_flight >= limit:
            iterations.drop(1)
        else:
            iterations.start(iteration, intended_ns)
    await sleep_until(after(start_ns, workload.duration_s or 0.0))


EXECUTORS: Mapping[ExecutorKind, Executor] = {
    "shared-iterations": shared_iterations,
    "per-vu-iterations": per_vu_iterations,
    "constant-vus": constant_vus,
    "ramping-vus": ramping_vus,
    "constant-arrival-rate": constant_arrival_rate,
    "ramping-arrival-rate": ramping_arrival_rate,
    "backlog": backlog,
}
