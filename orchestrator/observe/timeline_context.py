"""What the timeline is read with, and the totals that it keeps while it grows."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestrator.observe.canvas_table import UNKNOWN
from orchestrator.records import Plan


@dataclass(slots=True)
class Counts:
    """Running totals, for the series and the live view."""

    sent: int = 0
    completed: int = 0
    failed: int = 0
    expected: int = 0
    """Of the failed ones: those that were expected to fail."""
    wrong: int = 0
    timed_out: int = 0
    """Iterations that were given up."""
    iterations: dict[str, int] = field(default_factory=dict)
    """How many of each workload have ended."""


@dataclass(frozen=True, slots=True)
class TimelineContext:
    """What a task's tags are made of: ``pool_of_worker`` maps a worker process to its pool,
    ``pool_of_queue`` a queue to the only pool that consumes it, ``tags`` a workload to its own
    tags."""

    pool_of_worker: Mapping[str, str]
    pool_of_queue: Mapping[str, str]
    tags: Mapping[str, Mapping[str, str]]
    probed: bool = True
    shifts_ns: Mapping[str, int] = field(default_factory=dict)
    """Without a probe: what to add to the times that a worker (node) told, to have them on our
    clock. The times of other workers cannot be compared with ours."""

    @classmethod
    def of(
        cls,
        plan: Plan,
        pool_of_worker: Mapping[str, str],
        shifts_ns: Mapping[str, int] | None = None,
    ) -> "TimelineContext":
        """The context of a plan's run."""
        consumers: dict[str, set[str]] = {}
        for pool in plan.pools:
            for queue in pool.queues:
                consumers.setdefault(queue, set()).add(pool.name)
        return cls(
            pool_of_worker=pool_of_worker,
            pool_of_queue={
                queue: min(pools) for queue, pools in consumers.items() if len(pools) == 1
            },
            tags={workload.name: workload.tags for workload in plan.workloads},
            probed=not plan.attach,
            shifts_ns=shifts_ns or {},
        )

    def on_our_clock(self, told_ns: int, worker: str) -> int | None:
        """A time that a worker told; None where clocks cannot be compared."""
        if told_ns == UNKNOWN or self.probed:
            return None if told_ns == UNKNOWN else told_ns
        shift_ns = self.shifts_ns.get(worker)
        return None if shift_ns is None else told_ns + shift_ns
