"""Was the orchestrator itself the bottleneck? A run in which it was says little of the workers."""

from collections.abc import Sequence

from orchestrator.records import Judgement, Plan, Sample, WorkloadPlan, WorkloadResult

SATURATED_RATIO = 0.95
"""Of one core: the event loop has no more."""

SATURATED_SAMPLES = 3
"""So many samples (seconds) on end, or all of a shorter run."""

LAG_SHARE = 0.05
"""Of the interval between two arrivals that the schedule may lag behind, at its 99th percentile."""

LATENCY_SHARE = 0.1
"""Of the 99th percentile of the canvases' durations, which count from the same moment: a lag that
is so small a part of them has not made them."""

LAG_FLOOR_MS = 5.0
"""What an event loop that is not overloaded may take to come round, however short the interval."""


def bottleneck(plan: Plan, judgement: Judgement, samples: Sequence[Sample]) -> str | None:
    """Why the orchestrator was the bottleneck of the run; None when it was not."""
    if full := saturated(samples):
        return full
    results = {result.name: result for result in judgement.workloads}
    lags = (_lagging(workload, results[workload.name]) for workload in plan.workloads)
    return next(filter(None, lags), None)


def saturated(samples: Sequence[Sample]) -> str | None:
    """Whether its core was; None when it was not."""
    # The first sample stands for the time before the load.
    ratios = [sample.orchestrator_cpu_ratio for sample in samples[1:]]
    length = min(SATURATED_SAMPLES, len(ratios))
    for end in range(length, len(ratios) + 1) if length else ():
        if min(ratios[end - length : end]) > SATURATED_RATIO:
            return f"its core was saturated for {length} s"
    return None


def _lagging(workload: WorkloadPlan, result: WorkloadResult) -> str | None:
    rate_per_s = _mean_rate(workload)
    lag_ms = result.metrics["schedule_lag"].p99_ms
    if rate_per_s is None or lag_ms is None:
        return None
    duration_ms = result.metrics["canvas_duration"].p99_ms or 0.0
    limit_ms = max(LAG_FLOOR_MS, LAG_SHARE * 1000 / rate_per_s, LATENCY_SHARE * duration_ms)
    if lag_ms <= limit_ms:
        return None
    return (
        f"it was late in sending {workload.name}: schedule_lag p(99) {_ms(lag_ms)}, "
        f"over {_ms(limit_ms)}"
    )


def _ms(value: float) -> str:
    return f"{value:,.0f} ms" if value >= 100 else f"{value:.3g} ms"


def _mean_rate(workload: WorkloadPlan) -> float | None:
    """Of an open model; the others have no schedule that they could miss."""
    if workload.executor == "constant-arrival-rate":
        return workload.rate_per_s
    if workload.executor != "ramping-arrival-rate" or not workload.duration_s:
        return None
    rates = (workload.start, *(stage.target for stage in workload.stages))
    arrivals = sum(
        (before + stage.target) / 2 * stage.duration_s
        for before, stage in zip(rates, workload.stages, strict=False)
    )
    return arrivals / workload.duration_s
