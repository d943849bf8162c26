"""One step of the search for a capacity: its plan, and whether its rate held."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import ceil

from orchestrator.judge.folds import Point, slope
from orchestrator.judge.own_share import saturated
from orchestrator.records import (
    CanvasOutcome,
    Plan,
    RunResult,
    Step,
    Threshold,
    ThresholdResult,
    WorkloadPlan,
)

WARMUP_SHARE = 0.2
"""Of a step, left out of its figures: the queue of the step before has gone by then."""

BEYOND = 10
"""So many samples must lie beyond a percentile that is judged by."""

FEWEST_SAMPLES = 30
LONGEST_S = 60.0
"""However many samples a percentile wants."""

STEADY_SHARE = 0.02
"""Of the rate: what is in flight may become more by no more than this, per second."""

REACHED_SHARE = 0.98
"""Of the rate: so much must have been sent."""

MANY_IN_FLIGHT = 100_000
_POINTS = 40
_NS_PER_S = 1_000_000_000


def step_plan(
    plan: Plan,
    workload: WorkloadPlan,
    objectives: tuple[Threshold, ...],
    rate_per_s: float,
    *,
    least_s: float,
) -> Plan:
    """The plan with this workload alone, at a constant rate, for long enough to be judged, and with
    nothing that goes wrong on purpose."""
    duration_s = _duration(objectives, rate_per_s, least_s)
    steady = WorkloadPlan(
        name=workload.name,
        executor="constant-arrival-rate",
        canvas=workload.canvas,
        rate_per_s=rate_per_s,
        duration_s=duration_s,
        max_in_flight=workload.max_in_flight or MANY_IN_FLIGHT,
        # What is too much by half drains in half the time that it took to come.
        graceful_stop_s=max(workload.graceful_stop_s, 2 * duration_s),
        timeout_s=workload.timeout_s,
        tags=workload.tags,
    )
    return replace(
        plan,
        workloads=(steady,),
        thresholds=objectives,
        warmup_s=duration_s * WARMUP_SHARE,
        faults=(),
    )


def _duration(objectives: Iterable[Threshold], rate_per_s: float, least_s: float) -> float:
    """In whole seconds, so that every second of it is like the others."""
    samples = max((_samples(objective) for objective in objectives), default=FEWEST_SAMPLES)
    wanted_s = samples / rate_per_s / (1 - WARMUP_SHARE)
    return float(ceil(max(least_s, min(wanted_s, LONGEST_S))))


def _samples(objective: Threshold) -> int:
    percent = objective.percentile or 50.0
    return max(FEWEST_SAMPLES, ceil(BEYOND / (1 - min(percent, 99.9) / 100)))


def judge_step(
    result: RunResult, canvases: Sequence[CanvasOutcome], *, from_ns: int, until_ns: int
) -> Step:
    """Whether the rate held, from the run of a `step_plan`; ``from_ns`` to ``until_ns`` is the time
    in which it was offered, without the warm-up."""
    (workload,) = result.plan.workloads
    rate_per_s = workload.rate_per_s or 0.0
    span_s = max(until_ns - from_ns, 1) / _NS_PER_S
    judgement = result.judgement
    ended = (canvas.seen_ns for canvas in canvases if canvas.state == "ok")
    completed = sum(1 for at in ended if at is not None and from_ns <= at < until_ns)
    return Step(
        rate_per_s=rate_per_s,
        duration_s=workload.duration_s or 0.0,
        completed_per_s=completed / span_s,
        dropped=int(judgement.counters["dropped_iterations"]),
        growth_per_s=(growth := growth_per_s(canvases, from_ns=from_ns, until_ns=until_ns)),
        samples=judgement.metrics["task_duration"].count,
        objectives=judgement.thresholds,
        verdicts=dict(judgement.counts),
        why=tuple(_why(result, canvases, growth, from_ns=from_ns, until_ns=until_ns)),
    )


def piled_up(step: Step) -> bool:
    """Whether the workers were offered more than they can do, whatever else is said of the step."""
    return step.dropped > 0 or step.growth_per_s > STEADY_SHARE * step.rate_per_s


def orchestrator_was_the_limit(step: Step, result: RunResult) -> bool:
    """Whether the orchestrator, and not the workers, kept the rate from being held.

    An orchestrator that sends late breaks objectives, which count from the intended time; it does
    not make what is in flight grow. One that has no time left to read results does."""
    if step.held or result.bottleneck is None:
        return False
    return saturated(result.samples) is not None or not piled_up(step)


def _why(
    result: RunResult,
    canvases: Iterable[CanvasOutcome],
    growth: float,
    *,
    from_ns: int,
    until_ns: int,
) -> Iterable[str]:
    judgement = result.judgement
    rate_per_s = result.plan.workloads[0].rate_per_s or 0.0
    for objective in judgement.thresholds:
        if not objective.passed:
            yield _broken(objective)
    if dropped := judgement.counters["dropped_iterations"]:
        yield f"{dropped:,} iterations were dropped"
    if growth > STEADY_SHARE * rate_per_s:
        yield f"in flight grew by {growth:,.1f}/s"
    not_ok = {name: count for name, count in judgement.counts.items() if name != "ok" and count}
    for verdict, count in not_ok.items():
        yield f"{count:,} {verdict.replace('_', ' ')}"
    offered = sum(1 for canvas in canvases if from_ns <= canvas.sent_ns < until_ns)
    wanted = rate_per_s * (until_ns - from_ns) / _NS_PER_S
    if offered + 1 < REACHED_SHARE * wanted:
        yield f"only {offered / wanted:.0%} of the rate was sent"


def _broken(objective: ThresholdResult) -> str:
    seen = "nothing measured" if objective.observed is None else f"{objective.observed:,.4g}"
    return f"{objective.metric} {objective.expression}: {seen}"


def growth_per_s(canvases: Iterable[CanvasOutcome], *, from_ns: int, until_ns: int) -> float:
    """How fast the iterations in flight became more, per second: the slope of their number, where
    it is beyond its noise; those that never ended are in flight for ever."""
    changes = sorted(_changes(canvases))
    points: list[Point] = []
    in_flight, position = 0, 0
    for number in range(_POINTS + 1):
        at_ns = from_ns + (until_ns - from_ns) * number // _POINTS
        while position < len(changes) and changes[position][0] <= at_ns:
            in_flight += changes[position][1]
            position += 1
        points.append((at_ns / _NS_PER_S, float(in_flight)))
    return slope(points) or 0.0


def _changes(canvases: Iterable[CanvasOutcome]) -> Iterable[tuple[int, int]]:
    for canvas in canvases:
        yield canvas.intended_ns, 1
        if canvas.seen_ns is not None:
            yield canvas.seen_ns, -1
