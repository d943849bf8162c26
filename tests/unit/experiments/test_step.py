"""One step of a capacity: how long it is, and what breaks it."""

from dataclasses import replace
from typing import Any

import pytest

from orchestrator.experiments.step import (
    growth_per_s,
    judge_step,
    orchestrator_was_the_limit,
    step_plan,
)
from orchestrator.records import Call, CanvasOutcome, Stage, ThresholdResult, WorkloadPlan
from orchestrator.scenario import threshold_of
from tests.unit.report.result_factory import make_plan, make_result

S = 1_000_000_000
P95 = threshold_of("task_duration", "p(95)<200ms")
P99 = threshold_of("task_duration", "p(99)<1s")
RAMP = WorkloadPlan(
    "w", "ramping-arrival-rate", Call("add"), stages=(Stage(1.0, 5.0),), timeout_s=7.0
)


def canvases(rate_per_s: float, for_s: float, completed_per_s: float) -> list[CanvasOutcome]:
    """Sent at one rate and completed at another, one after the other."""
    made = []
    for number in range(int(rate_per_s * for_s)):
        at_ns = round(number / rate_per_s * S)
        seen_ns = max(round(number / completed_per_s * S), at_ns) + S // 20
        made.append(CanvasOutcome("w", number, at_ns, at_ns, at_ns, seen_ns, "ok"))
    return made


def test_a_step_is_long_enough_for_its_percentile() -> None:
    length = {
        (name, rate): step_plan(make_plan(), RAMP, objectives, rate, least_s=5.0)
        .workloads[0]
        .duration_s
        for name, objectives in (("p95", (P95,)), ("p99", (P95, P99)))
        for rate in (1.0, 20.0, 50.0, 1000.0)
    }
    # 200 samples for a p(95), 1000 for a p(99), and a fifth more for the warm-up.
    assert length == {
        ("p95", 1.0): 60.0, ("p95", 20.0): 13.0, ("p95", 50.0): 5.0, ("p95", 1000.0): 5.0,
        ("p99", 1.0): 60.0, ("p99", 20.0): 60.0, ("p99", 50.0): 25.0, ("p99", 1000.0): 5.0,
    }  # fmt: skip


def test_the_workload_is_sent_alone_at_a_constant_rate() -> None:
    plan = step_plan(make_plan(), RAMP, (P95,), 50.0, least_s=5.0)
    (workload,) = plan.workloads
    assert (workload.executor, workload.rate_per_s, workload.stages) == (
        "constant-arrival-rate",
        50.0,
        (),
    )
    assert (workload.canvas, workload.timeout_s) == (RAMP.canvas, 7.0)
    assert (plan.thresholds, plan.warmup_s) == ((P95,), 1.0)


@pytest.mark.parametrize(
    ("rate", "completed", "growth"), [(80.0, 1e9, 0.0), (80.0, 79.5, 0.5), (100.0, 80.0, 20.0)]
)
def test_what_piles_up(rate: float, completed: float, growth: float) -> None:
    found = growth_per_s(canvases(rate, 5.0, completed), from_ns=S, until_ns=5 * S)
    assert found == pytest.approx(growth, abs=0.3)


def test_what_never_ends_piles_up() -> None:
    stuck = [replace(each, seen_ns=None, state="timeout") for each in canvases(50.0, 5.0, 1e9)]
    assert growth_per_s(stuck, from_ns=S, until_ns=5 * S) == pytest.approx(50.0, rel=0.02)


def judged(
    rate: float = 50.0,
    completed: float = 1e9,
    *,
    sent: float | None = None,
    dropped: int = 0,
    counts: dict[str, int] | None = None,
    passed: bool = True,
) -> Any:
    plan = step_plan(make_plan(), RAMP, (P95,), rate, least_s=5.0)
    result = make_result()
    judgement = replace(
        result.judgement,
        counters={**result.judgement.counters, "dropped_iterations": dropped},
        counts=counts or {"ok": 10},  # type: ignore[arg-type]
        thresholds=(ThresholdResult("task_duration", "p(95)<200ms", 123.4567, passed),),
    )
    result = replace(result, plan=plan, judgement=judgement)
    return judge_step(result, canvases(sent or rate, 5.0, completed), from_ns=S, until_ns=5 * S)


def test_a_rate_that_holds() -> None:
    step = judged()
    assert step.held
    assert step.completed_per_s == pytest.approx(50.0, rel=0.02)
    assert (step.rate_per_s, step.dropped) == (50.0, 0)


@pytest.mark.parametrize(
    ("flaw", "why"),
    [
        ({"passed": False}, "task_duration p(95)<200ms: 123.5"),
        ({"dropped": 1200}, "1,200 iterations were dropped"),
        ({"completed": 40.0}, "in flight grew by 10."),
        ({"counts": {"ok": 9, "lost_task": 1}}, "1 lost task"),
        ({"sent": 40.0}, "only 80% of the rate was sent"),
    ],
)
def test_what_does_not_hold_says_why(flaw: dict[str, Any], why: str) -> None:
    step = judged(**flaw)
    assert not step.held
    assert why in "; ".join(step.why)


@pytest.mark.parametrize(
    ("flaw", "own_cpu_ratio", "limit"),
    [
        ({}, 1.0, False),
        ({"passed": False}, 0.2, True),
        ({"passed": False, "completed": 40.0}, 0.2, False),
        ({"passed": False, "completed": 40.0}, 1.0, True),
        ({"passed": False, "dropped": 5}, 0.2, False),
    ],
)
def test_a_late_orchestrator_breaks_objectives_and_a_full_one_everything(
    flaw: dict[str, Any], own_cpu_ratio: float, limit: bool
) -> None:
    result = make_result()
    samples = [
        replace(sample, orchestrator_cpu_ratio=own_cpu_ratio)
        for sample in (*result.samples, *result.samples)
    ]
    late = replace(result, samples=samples, bottleneck="it was late in sending")
    assert orchestrator_was_the_limit(judged(**flaw), late) is limit
    assert not orchestrator_was_the_limit(judged(**flaw), replace(late, bottleneck=None))
