"""The executor ``backlog``: fill the queues while the workers are paused, then time the drain."""

import anyio

from orchestrator.load.clock import NS_PER_S, now_ns
from orchestrator.load.iterations import Iterations
from orchestrator.records import WorkloadPlan

AT_ONCE = 500
"""Iterations that are on their way to the broker at a time, while the queues are filled."""


async def backlog(workload: WorkloadPlan, iterations: Iterations, start_ns: int) -> None:
    """Pause the workers, publish ``iterations``, let the workers go and wait until
    ``drain_ratio`` of the iterations has ended. ``max_duration`` bounds all of it.

    The drain is timed from when all workers say that they consume again, or from the first end if
    that was earlier: a green worker on Redis takes up to two seconds to come round to it."""
    size = workload.iterations or 1
    started = 0
    with anyio.move_on_after(workload.max_duration_s):
        await iterations.pause()
        try:
            began_ns = now_ns()
            while started < size:
                for number in range(started, min(size, started + AT_ONCE)):
                    iterations.start(number, now_ns())
                    started += 1
                await iterations.published(AT_ONCE // 2)
            await iterations.published(0)
        finally:
            filled_ns = now_ns()
            with anyio.CancelScope(shield=True):
                await iterations.resume()
        resumed_ns = now_ns()
        count = max(1, round(workload.drain_ratio * size))
        first_ns, last_ns = await iterations.ended(count)
        iterations.drained(
            fill_s=(filled_ns - began_ns) / NS_PER_S,
            drain_s=(last_ns - min(resumed_ns, first_ns)) / NS_PER_S,
            iterations=count,
        )
    iterations.drop(size - started)
