"""When the orchestrator itself limits a run, the run says so."""

from dataclasses import replace
from typing import Any

import pytest

from orchestrator.judge.judge import Evidence, judge
from orchestrator.judge.own_share import bottleneck
from orchestrator.records import Call, Plan, Sample, Stage, WorkloadPlan
from tests.unit.judge.outcome_factory import MS, S, make_canvas, make_outcome

OPEN = WorkloadPlan("sums", "constant-arrival-rate", Call("add"), rate_per_s=10.0, duration_s=1.0)


def samples(*ratios: float) -> list[Sample]:
    return [Sample(float(n), 0, 0, 0, 0, {}, {}, ratio, 0) for n, ratio in enumerate(ratios)]


def found(workload: WorkloadPlan, lag_ms: int, *ratios: float, duration_ms: int = 10) -> str | None:
    plan: Any = replace(
        Plan("p", "a:a", 0, None, (), (), (), 0.0, {}),  # type: ignore[arg-type]
        workloads=(workload,),
    )
    outcome = make_outcome(intended_ns=S, sent_ns=S + lag_ms * MS)
    canvas = make_canvas(seen_ns=S + duration_ms * MS)
    judgement, _ = judge(plan, Evidence([outcome], [canvas], measured_s=1.0))
    return bottleneck(plan, judgement, samples(*ratios))


@pytest.mark.parametrize(
    ("ratios", "saturated"),
    [
        ((1.0, 0.5, 0.5, 0.5), False),  # the first is from before the load
        ((0.0, 0.99, 0.98, 0.97, 0.1), True),
        ((0.0, 0.99, 0.5, 0.99, 0.99), False),
        ((0.0, 0.99), True),
        ((), False),
    ],
)
def test_a_saturated_core(ratios: tuple[float, ...], saturated: bool) -> None:
    assert ((found(OPEN, 0, *ratios) or "").startswith("its core was saturated")) == saturated


@pytest.mark.parametrize(
    ("rate_per_s", "lag_ms", "late"),
    [(10.0, 4, False), (10.0, 6, True), (1000.0, 4, False), (1000.0, 6, True), (0.5, 99, False)],
)
def test_a_schedule_that_lags(rate_per_s: float, lag_ms: int, late: bool) -> None:
    assert (found(replace(OPEN, rate_per_s=rate_per_s), lag_ms) is not None) == late


def test_a_lag_that_is_a_small_part_of_the_durations_has_not_made_them() -> None:
    assert found(OPEN, 6, duration_ms=59) is not None
    assert found(OPEN, 6, duration_ms=61) is None


def test_a_ramp_is_held_to_its_mean_rate() -> None:
    ramp = replace(
        OPEN, executor="ramping-arrival-rate", rate_per_s=None, stages=(Stage(1.0, 2.0),), start=0.0
    )
    assert found(ramp, 49) is None
    assert found(ramp, 51) is not None


def test_a_closed_model_has_no_schedule() -> None:
    assert found(WorkloadPlan("sums", "constant-vus", Call("add"), duration_s=1.0), 500) is None
