"""VUs that come and go: never more than the stages say, none cut off before its time."""

from collections import deque
from dataclasses import replace

import anyio
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.load.clock import now_ns
from orchestrator.load.ramping_vus import level, ramping_vus, steps
from orchestrator.records import Call, Stage, WorkloadPlan
from tests.unit.load.test_executors import FakeIterations

WORKLOAD = WorkloadPlan("w", "ramping-vus", Call("add"), graceful_stop_s=0.5)

ramps = st.lists(
    st.builds(Stage, st.floats(0.01, 5) | st.just(0.0), st.integers(0, 20)), max_size=5
)


def plan(start: int, *stages: Stage, graceful_ramp_down_s: float = 0.5) -> WorkloadPlan:
    return replace(
        WORKLOAD,
        start=start,
        stages=stages,
        duration_s=sum(stage.duration_s for stage in stages),
        graceful_ramp_down_s=graceful_ramp_down_s,
    )


def test_a_ramp_is_made_of_single_steps_where_the_line_reaches_them() -> None:
    assert steps(0, (Stage(2.0, 4),)) == [(0.0, 0), (0.5, 1), (1.0, 2), (1.5, 3), (2.0, 4)]
    assert steps(2, (Stage(1.0, 0),)) == [(0.0, 2), (0.5, 1), (1.0, 0)]
    assert steps(1, (Stage(0.0, 3), Stage(1.0, 3))) == [(0.0, 1), (0.0, 2), (0.0, 3)]


@given(st.integers(0, 20), ramps, st.floats(0, 1))
def test_the_steps_are_the_line_rounded_towards_where_it_comes_from(
    start: int, ramp: list[Stage], share: float
) -> None:
    stages = tuple(ramp)
    changes = steps(start, stages)
    end_s = sum(stage.duration_s for stage in stages)
    at_s = share * end_s + 1e-7
    near = [abs(change - at_s) < 1e-6 for change, _ in changes]
    if not any(near) and at_s < end_s:
        passed = deque((count for change, count in changes if change <= at_s), maxlen=1)
        assert passed[0] == level(start, stages, at_s)


async def test_vus_follow_the_stages_and_never_exceed_them() -> None:
    iterations = FakeIterations(takes_s=0.002)
    await ramping_vus(plan(1, Stage(0.1, 5), Stage(0.05, 5), Stage(0.1, 0)), iterations, now_ns())
    assert iterations.most_in_flight == 5
    assert iterations.in_flight == 0


async def test_a_vu_that_leaves_may_end_its_iteration() -> None:
    iterations = FakeIterations(takes_s=0.1)
    await ramping_vus(plan(2, Stage(0.05, 0)), iterations, now_ns())
    assert iterations.in_flight == 0  # both ran to their ends, after the stage was over
    assert len(iterations.started) == 2


async def test_a_vu_that_leaves_and_does_not_end_is_cut_off() -> None:
    iterations = FakeIterations(hold=True)
    with anyio.fail_after(5):
        await ramping_vus(plan(2, Stage(0.02, 0), graceful_ramp_down_s=0.02), iterations, now_ns())
    assert len(iterations.started) == 2


async def test_a_vu_that_is_called_back_goes_on() -> None:
    iterations = FakeIterations(takes_s=0.05)
    await ramping_vus(plan(1, Stage(0.0, 0), Stage(0.02, 1), Stage(0.1, 1)), iterations, now_ns())
    assert iterations.most_in_flight == 1
    assert len(iterations.started) >= 2
