"""What every experiment needs: a private Redis, workers, contenders, and the cores to put them on.

All processes are children of this one and known to a guardian; leaving the laboratory ends them.
"""

import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import anyio
import redis.asyncio

from benchmarks.app import QUEUE
from benchmarks.contender_process import ContenderProcess, open_contender
from benchmarks.cores import Cores, on_servers_cores, split_cores, usable_cores
from benchmarks.records import BenchmarkError
from benchmarks.wire import RESULT_PREFIX, check_messages, check_results, encoded_add
from orchestrator.environment.child import Child, start_child
from orchestrator.environment.guardian import Guardian, open_guardian
from orchestrator.environment.pools import PoolStart, open_pools
from orchestrator.environment.redis_server import new_password, open_redis
from orchestrator.environment.variables import PROBE
from orchestrator.environment.worker_environ import worker_environ
from orchestrator.records import BrokerInfo, PoolPlan, TargetPlan

ROOT = Path(__file__).resolve().parent.parent
CONCURRENCY = 2
"""Of the real worker: prefork processes."""

POLL_S = 0.01
_RESULTS_DB = 1
_READY_S = 30.0
_STOP_S = 2.0
_READ_AT_A_TIME = 1000


@dataclass(frozen=True, slots=True)
class Laboratory:
    """``broker`` and ``results`` are connections of our own, to look at what was sent."""

    info: BrokerInfo
    cores: Cores
    guardian: Guardian
    broker: Any
    results: Any

    @property
    def environ(self) -> Mapping[str, str]:
        """Of contenders and workers: Celery finds its broker and its results in it."""
        return worker_environ(TargetPlan(), self.info)

    @asynccontextmanager
    async def contender(self, name: str) -> AsyncIterator[ContenderProcess]:
        """One of `CONTENDERS`, ready, on the client's core."""
        async with self.contenders((name,)) as opened:
            yield opened[name]

    @asynccontextmanager
    async def _contender(
        self, name: str, environ: Mapping[str, str] | None
    ) -> AsyncIterator[ContenderProcess]:
        async with open_contender(
            name,
            environ=environ or self.environ,
            core=self.cores.client,
            guardian=self.guardian,
            cwd=ROOT,
        ) as process:
            yield process

    @asynccontextmanager
    async def contenders(
        self, names: Sequence[str], environ: Mapping[str, str] | None = None
    ) -> AsyncIterator[Mapping[str, ContenderProcess]]:
        """Several, started side by side; they idle while another is measured. ``environ``: not
        the laboratory's."""
        async with AsyncExitStack() as stack:
            opened = {
                name: await stack.enter_async_context(self._contender(name, environ))
                for name in names
            }
            for process in opened.values():
                await process.ready()
            yield opened

    @asynccontextmanager
    async def echo_worker(self, hold: int | None = None) -> AsyncIterator[Child]:
        """`benchmarks.echo_worker` on the servers' cores."""
        argv = [sys.executable, "-m", "benchmarks.echo_worker"]
        child = await start_child(
            argv if hold is None else [*argv, str(hold)],
            name="echo-worker",
            log_path=self.guardian.directory / "echo-worker.log",
            guardian=self.guardian,
            env=self.environ,
            cwd=ROOT,
        )
        try:
            if hold is None:
                await self._answers(child)
            yield child
        finally:
            await child.stop(warm_s=_STOP_S)

    @asynccontextmanager
    async def prefork_worker(
        self, queue: str = QUEUE, *, probe: Path | None = None
    ) -> AsyncIterator[None]:
        """A stock worker with Celery's own defaults, warm, on the servers' cores; with the
        laboratory's probe in it where there is a socket that it can tell."""
        plan = PoolPlan("prefork", (queue,), concurrency=CONCURRENCY)

        async def wait_ready(_: str) -> None:
            await self._answers(queue=queue)

        start = PoolStart(
            app="benchmarks.app:app",
            run_id=uuid4().hex[:8],
            environ=self.environ if probe is None else {**self.environ, PROBE: str(probe)},
            include=None if probe is None else "orchestrator.observe.probe",
            log_dir=self.guardian.directory,
            guardian=self.guardian,
            wait_ready=wait_ready,
            cwd=ROOT,
        )
        async with (
            anyio.create_task_group() as tasks,
            open_pools([plan], start, task_group=tasks),
        ):
            yield

    async def _answers(self, child: Child | None = None, queue: str = QUEUE) -> None:
        """Send a task and wait until a worker has answered. Raises `BenchmarkError`."""
        task_id = str(uuid4())
        await self.broker.lpush(queue, encoded_add(task_id, 0))
        with anyio.move_on_after(_READY_S):
            while not await self.results.exists(RESULT_PREFIX + task_id):
                if child is not None and child.exit_code is not None:
                    break
                await anyio.sleep(POLL_S)
            else:
                return
        tail = "" if child is None else "\n".join(child.log_tail())
        raise BenchmarkError(f"the worker answered nothing\n{tail}")

    async def check_published(self, ids: Sequence[str]) -> None:
        """Check what is in the queue, and empty it. Raises `WrongResult`."""
        messages = await self.broker.lrange(QUEUE, 0, -1)
        await self.broker.delete(QUEUE)
        check_messages(messages, ids)

    async def check_stored(self, ids: Sequence[str]) -> None:
        """Check the stored results of these tasks. Raises `WrongResult`."""
        stored: list[Any] = []
        for at in range(0, len(ids), _READ_AT_A_TIME):
            keys = [RESULT_PREFIX + task_id for task_id in ids[at : at + _READ_AT_A_TIME]]
            stored += await self.results.mget(keys)
        check_results(stored, ids)

    async def forget_results(self) -> None:
        """Empty the database of the results."""
        await self.results.flushdb()

    async def clear(self) -> None:
        """Leave nothing of one experiment to the next."""
        await self.broker.flushall()


@asynccontextmanager
async def open_laboratory() -> AsyncIterator[Laboratory]:
    """A Redis on the servers' cores, where this process stays too: it only waits.

    Raises what `open_redis` raises.
    """
    cores = split_cores(usable_cores())
    with on_servers_cores(cores):
        async with (
            open_guardian() as guardian,
            open_redis(
                guardian, log_path=guardian.directory / "redis.log", password=new_password()
            ) as server,
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(server.supervise)
            info = replace(server.info, results_url=f"{server.info.url[:-1]}{_RESULTS_DB}")
            async with (
                redis.asyncio.Redis.from_url(info.url, socket_timeout=None) as broker,
                redis.asyncio.Redis.from_url(info.results_url, socket_timeout=None) as results,
            ):
                yield Laboratory(info, cores, guardian, broker, results)
            tasks.cancel_scope.cancel()
