"""A number of VUs that changes in stages, as k6's ``ramping-vus``."""

from math import ceil, floor

import anyio
from anyio.abc import TaskGroup

from orchestrator.load.clock import after, now_ns, sleep_until
from orchestrator.load.iterations import Iterations
from orchestrator.records import Stage, WorkloadPlan

Step = tuple[float, int]
"""From this many seconds after the start on, so many VUs."""


def steps(start: int, stages: tuple[Stage, ...]) -> list[Step]:
    """Every change of the number of VUs. A VU joins when the line between two targets reaches its
    number, and leaves when the line has come down to the number without it."""
    found: list[Step] = [(0.0, start)]
    begin_s, level = 0.0, start
    for stage in stages:
        target = round(stage.target)
        change = target - level
        direction = 1 if change > 0 else -1
        for count in range(1, abs(change) + 1):
            at_s = begin_s + stage.duration_s * count / abs(change)
            found.append((at_s, level + direction * count))
        begin_s += stage.duration_s
        level = target
    return found


def level(start: int, stages: tuple[Stage, ...], at_s: float) -> int:
    """VUs at a time: what `steps` gives, from the line itself."""
    begin_s, before = 0.0, start
    for stage in stages:
        if at_s < begin_s + stage.duration_s:
            line = before + (stage.target - before) * (at_s - begin_s) / stage.duration_s
            return floor(line) if stage.target >= before else ceil(line)
        begin_s += stage.duration_s
        before = round(stage.target)
    return before


class _Vu:
    """One VU: runs iterations until it is told to leave, and then ends the one that it runs."""

    def __init__(self, begin: "RampingVus") -> None:
        self._owner = begin
        self._scope = anyio.CancelScope()
        self._leaving = False
        self.gone = False

    async def run(self) -> None:
        with self._scope:
            while not self._leaving:
                await self._owner.iterate()
        self.gone = True

    def leave(self, within_s: float) -> None:
        self._leaving = True
        self._scope.deadline = anyio.current_time() + within_s

    def stay(self) -> None:
        """It was leaving, and its iteration is still running: it goes on instead."""
        self._leaving = False
        self._scope.deadline = float("inf")


class RampingVus:
    """The VUs of one workload."""

    def __init__(self, workload: WorkloadPlan, iterations: Iterations) -> None:
        self._workload = workload
        self._iterations = iterations
        self._vus: list[_Vu] = []
        self._started = 0

    async def run(self, start_ns: int) -> None:
        """Returns when the last stage is over and the VUs that were left have ended their
        iterations."""
        workload = self._workload
        async with anyio.create_task_group() as tasks:
            for at_s, count in steps(round(workload.start), workload.stages):
                await sleep_until(after(start_ns, at_s))
                self._resize(count, tasks)
            await sleep_until(after(start_ns, workload.duration_s or 0.0))
            for vu in self._vus:
                vu.leave(workload.graceful_stop_s)

    async def iterate(self) -> None:
        number, self._started = self._started, self._started + 1
        await self._iterations.run(number, now_ns())

    def _resize(self, count: int, tasks: TaskGroup) -> None:
        for place in range(count, len(self._vus)):
            self._vus[place].leave(self._workload.graceful_ramp_down_s)
        for place in range(count):
            if place == len(self._vus):
                self._vus.append(self._begin(tasks))
            elif self._vus[place].gone:
                self._vus[place] = self._begin(tasks)
            else:
                self._vus[place].stay()

    def _begin(self, tasks: TaskGroup) -> _Vu:
        vu = _Vu(self)
        tasks.start_soon(vu.run)
        return vu


async def ramping_vus(workload: WorkloadPlan, iterations: Iterations, start_ns: int) -> None:
    """VUs that come and go in ``stages``, each with one canvas in flight at a time."""
    await RampingVus(workload, iterations).run(start_ns)
