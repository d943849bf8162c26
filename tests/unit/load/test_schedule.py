import pytest

from orchestrator.load.schedule import target_per_s, time_left_s
from orchestrator.records import Call, Stage, WorkloadPlan

CALL = Call("add")
CONSTANT = WorkloadPlan("c", "constant-arrival-rate", CALL, rate_per_s=20.0, duration_s=10.0)
RAMP = WorkloadPlan(
    "r",
    "ramping-arrival-rate",
    CALL,
    start=10.0,
    stages=(Stage(10.0, 30.0), Stage(5.0, 30.0)),
    duration_s=15.0,
    start_time_s=2.0,
)
COUNTED = WorkloadPlan("n", "per-vu-iterations", CALL, vus=4, iterations=25)


@pytest.mark.parametrize(
    ("at_s", "expected"), [(0.0, 20.0), (2.0, 30.0), (7.0, 40.0), (13.0, 30.0), (18.0, 0.0)]
)
def test_the_target_is_the_sum_of_the_open_models_at_that_moment(
    at_s: float, expected: float
) -> None:
    assert target_per_s([CONSTANT, RAMP, COUNTED], at_s) == pytest.approx(expected)


def test_without_an_open_model_there_is_no_target() -> None:
    assert target_per_s([COUNTED], 1.0) is None


def test_the_time_left_is_that_of_the_longest_workload() -> None:
    assert time_left_s([CONSTANT, RAMP], 4.0, {}) == pytest.approx(13.0)
    assert time_left_s([CONSTANT], 12.0, {}) == 0.0


def test_iterations_end_as_fast_as_they_have_so_far() -> None:
    assert time_left_s([COUNTED], 5.0, {"n": 50}) == pytest.approx(5.0)
    assert time_left_s([COUNTED], 5.0, {}) is None
