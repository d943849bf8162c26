"""When iterations start: counted with a fake that ends each iteration when the test says so."""

from dataclasses import replace
from typing import get_args

import anyio
import pytest

from orchestrator.load.arrivals import ramping_arrivals
from orchestrator.load.clock import NS_PER_S, now_ns
from orchestrator.load.executors import (
    EXECUTORS,
    constant_arrival_rate,
    constant_vus,
    per_vu_iterations,
    ramping_arrival_rate,
    shared_iterations,
)
from orchestrator.records import Call, ExecutorKind, Stage, WorkloadPlan

WORKLOAD = WorkloadPlan("w", "shared-iterations", Call("add"))


class FakeIterations:
    """Records what is started; ``hold`` keeps canvases in flight for ever."""

    def __init__(self, *, hold: bool = False, takes_s: float = 0.0) -> None:
        self.started: list[tuple[int, int]] = []
        self.dropped = 0
        self.most_in_flight = 0
        self.in_flight = 0
        self._hold = hold
        self._takes_s = takes_s

    async def run(self, iteration: int, intended_ns: int) -> None:
        self.start(iteration, intended_ns)
        await (anyio.sleep_forever() if self._hold else anyio.sleep(self._takes_s))
        self.in_flight -= 1

    def start(self, iteration: int, intended_ns: int) -> None:
        self.started.append((iteration, intended_ns))
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)

    def drop(self, count: int) -> None:
        self.dropped += count

    async def published(self, left: int) -> None: ...

    async def ended(self, count: int) -> tuple[int, int]:
        return now_ns(), now_ns()

    async def pause(self) -> None: ...

    async def resume(self) -> None: ...

    def drained(self, *, fill_s: float, drain_s: float, iterations: int) -> None: ...


async def test_shared_iterations_are_shared_by_the_vus() -> None:
    iterations = FakeIterations()
    await shared_iterations(replace(WORKLOAD, iterations=10, vus=3), iterations, now_ns())
    assert sorted(number for number, _ in iterations.started) == list(range(10))
    assert iterations.most_in_flight == 3
    assert iterations.dropped == 0


async def test_shared_iterations_drop_what_max_duration_leaves() -> None:
    iterations = FakeIterations(takes_s=0.02)
    workload = replace(WORKLOAD, iterations=1000, vus=1, max_duration_s=0.05)
    await shared_iterations(workload, iterations, now_ns())
    assert iterations.dropped == 1000 - len(iterations.started) > 0


async def test_shared_iterations_count_drops_when_they_are_cancelled() -> None:
    iterations = FakeIterations(hold=True)
    with anyio.move_on_after(0.05):
        await shared_iterations(replace(WORKLOAD, iterations=5, vus=2), iterations, now_ns())
    assert (len(iterations.started), iterations.dropped) == (2, 3)


async def test_constant_vus_keep_that_many_in_flight_and_stop_at_the_end() -> None:
    iterations = FakeIterations(takes_s=0.005)
    start_ns = now_ns()
    workload = replace(WORKLOAD, executor="constant-vus", vus=4, duration_s=0.1)
    await constant_vus(workload, iterations, start_ns)
    assert iterations.most_in_flight == 4
    assert all(at_ns < start_ns + 0.1 * NS_PER_S for _, at_ns in iterations.started)
    assert [number for number, _ in iterations.started] == list(range(len(iterations.started)))


async def test_arrivals_are_intended_at_exact_times_whatever_the_loop_does() -> None:
    iterations = FakeIterations()
    start_ns = now_ns()
    workload = replace(WORKLOAD, executor="constant-arrival-rate", rate_per_s=200.0, duration_s=0.1)
    await constant_arrival_rate(workload, iterations, start_ns)
    assert iterations.started == [(n, start_ns + n * 5_000_000) for n in range(20)]
    assert now_ns() >= start_ns + 99_000_000  # it lasts for its whole duration


async def test_arrivals_beyond_max_in_flight_are_dropped_and_keep_their_numbers() -> None:
    iterations = FakeIterations()
    workload = replace(
        WORKLOAD,
        executor="constant-arrival-rate",
        rate_per_s=1000.0,
        duration_s=0.02,
        max_in_flight=7,
    )
    await constant_arrival_rate(workload, iterations, now_ns())
    assert [number for number, _ in iterations.started] == list(range(7))
    assert iterations.dropped == 13


async def test_a_late_start_is_made_up_for_without_shifting_the_schedule() -> None:
    iterations = FakeIterations()
    late_ns = now_ns() - NS_PER_S
    workload = replace(WORKLOAD, executor="constant-arrival-rate", rate_per_s=100.0, duration_s=1.0)
    await constant_arrival_rate(workload, iterations, late_ns)
    assert iterations.started == [(n, late_ns + n * 10_000_000) for n in range(100)]


async def test_per_vu_iterations_give_each_vu_its_own() -> None:
    iterations = FakeIterations(takes_s=0.001)
    workload = replace(WORKLOAD, executor="per-vu-iterations", iterations=4, vus=3)
    await per_vu_iterations(workload, iterations, now_ns())
    assert sorted(number for number, _ in iterations.started) == list(range(12))
    assert iterations.most_in_flight == 3


async def test_per_vu_iterations_drop_what_max_duration_leaves() -> None:
    iterations = FakeIterations(takes_s=0.02)
    workload = replace(
        WORKLOAD, executor="per-vu-iterations", iterations=100, vus=2, max_duration_s=0.05
    )
    await per_vu_iterations(workload, iterations, now_ns())
    assert iterations.dropped == 200 - len(iterations.started) > 0


async def test_ramping_arrivals_are_intended_at_the_times_of_their_schedule() -> None:
    iterations = FakeIterations()
    start_ns = now_ns()
    stages = (Stage(0.1, 200.0), Stage(0.0, 50.0), Stage(0.1, 50.0))
    workload = replace(
        WORKLOAD, executor="ramping-arrival-rate", start=0.0, stages=stages, duration_s=0.2
    )
    await ramping_arrival_rate(workload, iterations, start_ns)
    intended = [(at_ns - start_ns) / NS_PER_S for _, at_ns in iterations.started]
    assert intended == pytest.approx(list(ramping_arrivals(0.0, stages)), abs=1e-9)
    assert len(intended) == 15


def test_every_executor_kind_is_registered() -> None:
    assert set(EXECUTORS) == set(get_args(ExecutorKind))
