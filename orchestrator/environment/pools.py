"""All pools of a run: started side by side, ready when the worker says so, watched, and ended in
time.
"""

import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import anyio
from anyio.abc import TaskGroup

from orchestrator.environment import variables
from orchestrator.environment.child import Child, start_child
from orchestrator.environment.guardian import Guardian
from orchestrator.environment.pool_kinds import POOL_KINDS, worker_argv
from orchestrator.errors import EnvironmentNotReady, PoolFailed
from orchestrator.records import PoolPlan

READY_TIMEOUT_S = 30.0

WaitReady = Callable[[str], Awaitable[None]]
"""Given a process name, returns when that process said that it is ready."""


@dataclass(frozen=True, slots=True)
class PoolStart:
    """What all pools of a run have in common.

    `app` is what `celery -A` takes; `environ` the whole environment of the workers (see
    `worker_environ`), to which each pool adds its own; `include` a module that the workers import;
    `run_id` makes the node names new; `amqp` says that the broker is a RabbitMQ.
    """

    app: str
    run_id: str
    environ: Mapping[str, str]
    log_dir: Path
    guardian: Guardian
    wait_ready: WaitReady
    include: str | None = None
    ready_timeout_s: float = READY_TIMEOUT_S
    cwd: Path | None = None
    amqp: bool = False


@dataclass(frozen=True, slots=True)
class PoolStatus:
    """One pool as it is now. `pids` are its living main processes; `exit_codes` those of the ended
    ones; `startup_s` is the time from its start to the ready of its last process (0.0 before that).
    `names` are those of all processes that there have been.
    """

    plan: PoolPlan
    pids: tuple[int, ...]
    startup_s: float
    exit_codes: tuple[int, ...]
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Which of the pool's workers a process is, and the how manieth in that place."""

    worker: str
    index: int
    life: int = 1

    @property
    def process_name(self) -> str:
        """What the probe calls it: `add.2`; the one that was started in its place is `add.2~2`."""
        return self.worker if self.life == 1 else f"{self.worker}~{self.life}"

    @property
    def node(self) -> str:
        """New for each process: a worker that died keeps its old name at the broker for a while."""
        return str(self.index) if self.life == 1 else f"{self.index}-{self.life}"


class PoolProcess:
    """One worker main process with all its children."""

    def __init__(self, name: str, plan: PoolPlan, place: "Place", child: Child) -> None:
        self.name = name
        self.plan = plan
        self.place = place
        self.child = child
        self.ready = False
        self.startup_s = 0.0

    async def become_ready(self, wait_ready: WaitReady, timeout_s: float) -> None:
        """Raises PoolFailed when it ends before it is ready, or is not ready in `timeout_s`."""
        begun = time.monotonic()
        with anyio.move_on_after(timeout_s):
            async with anyio.create_task_group() as either:

                async def ready() -> None:
                    await wait_ready(self.name)
                    either.cancel_scope.cancel()

                either.start_soon(ready)
                await self.child.wait()
                either.cancel_scope.cancel()
            if self.child.exit_code is not None:
                raise self._failed(f"{_ending(self.child)} before it was ready")
            self.startup_s = time.monotonic() - begun
            self.ready = True
            return
        raise self._failed(f"was not ready in {timeout_s:g} s")

    async def supervise(self) -> None:
        """Returns when it ended because `stop` was called; raises PoolFailed when it ended by
        itself.
        """
        await self.child.wait()
        if not self.child.stopping:
            raise self._failed(f"{_ending(self.child)} during the run")

    async def stop(self) -> None:
        """Warm, cold, killed; the bounds are those of its kind of pool."""
        style = POOL_KINDS[self.plan.pool]
        await self.child.stop(warm_s=style.warm_s, cold_s=style.cold_s)

    def _failed(self, how: str) -> PoolFailed:
        return PoolFailed(
            f"The worker pool {self.name!r} ({self.plan.pool}) {how}; "
            f"its log is {self.child.log_path}",
            log_tail=self.child.log_tail(),
        )


class Pools:
    """The pools of a run."""

    def __init__(self, plans: Sequence[PoolPlan], start: PoolStart, task_group: TaskGroup) -> None:
        self._plans = tuple(plans)
        self._start = start
        self._task_group = task_group
        self._processes: list[PoolProcess] = []

    @property
    def process_names(self) -> Mapping[str, str]:
        """Process name (what the probe says) -> pool name."""
        planned = {name: plan.name for plan in self._plans for name in process_names(plan)}
        return {**planned, **{process.name: process.plan.name for process in self._processes}}

    def pids(self) -> Mapping[str, tuple[int, ...]]:
        """Pool name -> its living main processes; their children belong to them."""
        return {status.plan.name: status.pids for status in self.status()}

    def status(self) -> tuple[PoolStatus, ...]:
        """All pools, in the order of the plan; also right after they have ended."""
        return tuple(self._status(plan) for plan in self._plans)

    def _status(self, plan: PoolPlan) -> PoolStatus:
        mine = [process for process in self._processes if process.plan is plan]
        codes = [(process.child.pid, process.child.exit_code) for process in mine]
        return PoolStatus(
            plan=plan,
            pids=tuple(pid for pid, code in codes if code is None),
            startup_s=max((one.startup_s for one in mine if one.place.life == 1), default=0.0),
            exit_codes=tuple(code for _, code in codes if code is not None),
            names=tuple(process.name for process in mine),
        )

    def working(self, worker: str) -> list[PoolProcess]:
        """The processes of a pool (`add`), or of one of its workers (`add.2`), that are ready and
        not ending."""
        return [
            process
            for process in self._processes
            if worker in (process.plan.name, process.place.worker)
            and process.ready
            and process.child.exit_code is None
            and not process.child.stopping
        ]

    async def start_again(self, ended: PoolProcess) -> None:
        """Start a process in the place of one that has ended; returns when it is ready. Raises
        PoolFailed."""
        place = replace(ended.place, life=ended.place.life + 1)
        process = await self._start_one(ended.plan, place)
        self._task_group.start_soon(process.supervise)

    async def _start_all(self) -> None:
        """All at once; the first that fails ends the others' start and is raised by itself."""
        try:
            async with anyio.create_task_group() as starting:
                for plan in self._plans:
                    for index, name in enumerate(process_names(plan)):
                        starting.start_soon(self._start_one, plan, Place(name, index))
        except ExceptionGroup as group:
            failures, others = group.split(EnvironmentNotReady)
            if failures is None or others is not None:
                raise
            raise failures.exceptions[0] from None

    async def _start_one(self, plan: PoolPlan, place: Place) -> PoolProcess:
        start, name = self._start, place.process_name
        child = await start_child(
            worker_argv(
                plan,
                app=start.app,
                node_name=f"{plan.name}-{place.node}.{start.run_id}@%h",
                include=start.include,
                amqp=start.amqp,
            ),
            name=name,
            log_path=start.log_dir / f"{name}.log",
            guardian=start.guardian,
            env={
                **start.environ,
                # A killed prefork worker leaves its `pymp-*` behind: here it goes with the run.
                "TMPDIR": str(start.guardian.directory),
                variables.POOL: name,
                **plan.env,
            },
            cwd=start.cwd,
        )
        process = PoolProcess(name, plan, place, child)
        self._processes.append(process)
        await process.become_ready(start.wait_ready, start.ready_timeout_s)
        return process

    async def _stop(self) -> None:
        """All at once, so that it takes no longer than the slowest of them may (8 s)."""
        with anyio.CancelScope(shield=True):
            async with anyio.create_task_group() as stopping:
                for process in self._processes:
                    stopping.start_soon(process.stop)


@asynccontextmanager
async def open_pools(
    plans: Sequence[PoolPlan], start: PoolStart, *, task_group: TaskGroup
) -> AsyncIterator[Pools]:
    """Start every process of `plans` in parallel and wait until all are ready; stop them on
    leaving.

    A process that ends by itself later raises PoolFailed in `task_group`. Raises PoolFailed, with
    the end of its log in `log_tail`, for one that does not become ready; then the others are
    stopped too.
    """
    pools = Pools(plans, start, task_group)
    try:
        await pools._start_all()
        for process in pools._processes:
            task_group.start_soon(process.supervise)
        yield pools
    finally:
        await pools._stop()


def process_names(plan: PoolPlan) -> tuple[str, ...]:
    """`add`; with a count of 3 `add.1`, `add.2`, `add.3`."""
    if plan.count == 1:
        return (plan.name,)
    return tuple(f"{plan.name}.{number}" for number in range(1, plan.count + 1))


def _ending(child: Child) -> str:
    code = child.exit_code or 0
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
