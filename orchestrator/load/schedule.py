"""What a plan's workloads ask for at a moment, and when they will have had it. Pure."""

from collections.abc import Iterable, Mapping

from orchestrator.records import WorkloadPlan


def target_per_s(workloads: Iterable[WorkloadPlan], elapsed_s: float) -> float | None:
    """Iterations per second that the open models among ``workloads`` ask for, ``elapsed_s`` seconds
    into the load; None when none of them is an open model."""
    rates = [
        _rate(workload, elapsed_s - workload.start_time_s)
        for workload in workloads
        if workload.executor in ("constant-arrival-rate", "ramping-arrival-rate")
    ]
    return sum(rates) if rates else None


def time_left_s(
    workloads: Iterable[WorkloadPlan], elapsed_s: float, ended: Mapping[str, int]
) -> float | None:
    """Seconds until the last workload starts no more; ``ended`` counts each one's iterations.

    Of a workload that is a number of iterations it is reckoned from how fast they have ended so
    far; None while none has."""
    longest = 0.0
    for workload in workloads:
        span_s = elapsed_s - workload.start_time_s
        if workload.duration_s is not None:
            left = workload.duration_s - span_s
        else:
            done, total = ended.get(workload.name, 0), iterations(workload)
            if done <= 0 or span_s <= 0:
                return None
            left = min(workload.max_duration_s - span_s, span_s * (total - done) / done)
        longest = max(longest, left)
    return longest


def iterations(workload: WorkloadPlan) -> int:
    """How many iterations a workload without a duration is meant to have."""
    each = workload.vus if workload.executor == "per-vu-iterations" else 1
    return (workload.iterations or 1) * each


def _rate(workload: WorkloadPlan, at_s: float) -> float:
    """The rate of one open model, ``at_s`` seconds after its start."""
    if at_s < 0 or at_s > (workload.duration_s or 0.0):
        return 0.0
    if workload.rate_per_s is not None:
        return workload.rate_per_s
    rate = workload.start
    for stage in workload.stages:
        if at_s < stage.duration_s:
            return rate + (stage.target - rate) * at_s / stage.duration_s
        at_s -= stage.duration_s
        rate = stage.target
    return rate
