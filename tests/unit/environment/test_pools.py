import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from orchestrator.environment import pools as pools_module
from orchestrator.environment.guardian import open_guardian
from orchestrator.environment.pools import Pools, PoolStart, open_pools, process_names
from orchestrator.errors import EnvironmentNotReady, PoolFailed
from orchestrator.records import PoolPlan

# Stands for a worker: its argv is the pool's options.
WORKER = """
import os, signal, sys, time
print(os.environ["ORCHESTRATOR_POOL"], os.environ["COLOUR"], flush=True)
if "exit" in sys.argv:
    sys.exit(3)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
open("ready-" + os.environ["ORCHESTRATOR_POOL"], "w")
time.sleep(60)
"""


@pytest.fixture(autouse=True)
def worker(monkeypatch: pytest.MonkeyPatch) -> None:
    def argv(plan: PoolPlan, **_: object) -> list[str]:
        return [sys.executable, "-c", WORKER, *plan.options]

    monkeypatch.setattr(pools_module, "worker_argv", argv)


def ready_in(folder: Path) -> Callable[[str], Awaitable[None]]:
    async def wait_ready(name: str) -> None:
        path = anyio.Path(folder / f"ready-{name}")
        while not await path.exists():  # noqa: ASYNC110
            await anyio.sleep(0.01)

    return wait_ready


async def never(name: str) -> None:
    await anyio.sleep_forever()


@asynccontextmanager
async def running(
    folder: Path,
    *plans: PoolPlan,
    wait_ready: Callable[[str], Awaitable[None]] | None = None,
    ready_timeout_s: float = 30.0,
) -> AsyncIterator[Pools]:
    async with anyio.create_task_group() as group, open_guardian() as guardian:
        start = PoolStart(
            app="a:app",
            run_id="r1",
            environ={**os.environ, "COLOUR": "red"},
            log_dir=folder,
            guardian=guardian,
            wait_ready=wait_ready or ready_in(folder),
            ready_timeout_s=ready_timeout_s,
            cwd=folder,
        )
        async with open_pools(plans, start, task_group=group) as pools:
            yield pools


def pool(name: str, *options: str, count: int = 1, **env: str) -> PoolPlan:
    return PoolPlan(name, (name,), "solo", count=count, options=options, env=env)


def test_processes_are_numbered_where_a_pool_has_several() -> None:
    assert process_names(pool("add")) == ("add",)
    assert process_names(pool("add", count=2)) == ("add.1", "add.2")


async def test_all_processes_start_and_end_well(tmp_path: Path) -> None:
    plans = [pool("add"), pool("mul", count=2, COLOUR="blue")]
    async with running(tmp_path, *plans) as pools:
        assert dict(pools.process_names) == {"add": "add", "mul.1": "mul", "mul.2": "mul"}
        assert [len(pids) for pids in pools.pids().values()] == [1, 2]
        before = pools.status()
        assert [one.plan for one in before] == plans
        assert all(one.startup_s > 0 and one.exit_codes == () for one in before)
    after = pools.status()
    assert [(one.pids, one.exit_codes) for one in after] == [((), (0,)), ((), (0, 0))]
    assert [one.startup_s for one in after] == [one.startup_s for one in before]
    assert logs_in(tmp_path) == {
        "add.log": "add red",
        "mul.1.log": "mul.1 blue",
        "mul.2.log": "mul.2 blue",
    }


def logs_in(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text().strip() for path in folder.glob("*.log")}


async def test_the_log_of_a_pool_that_does_not_start_is_shown(tmp_path: Path) -> None:
    with pytest.RaisesGroup(
        pytest.RaisesExc(
            PoolFailed,
            match=r"'bad' \(solo\) ended with exit code 3 before it was ready; .*bad\.log",
            check=lambda failed: failed.log_tail == ("bad red",),
        )
    ):
        async with running(tmp_path, pool("good"), pool("bad", "exit")):
            raise AssertionError("not reached")


async def test_not_ready_in_time(tmp_path: Path) -> None:
    with pytest.RaisesGroup(pytest.RaisesExc(PoolFailed, match=r"was not ready in 0\.1 s")):
        async with running(tmp_path, pool("slow"), wait_ready=never, ready_timeout_s=0.1):
            raise AssertionError("not reached")


async def test_a_process_that_ends_during_the_run_ends_the_run(tmp_path: Path) -> None:
    pools: Pools | None = None
    with pytest.RaisesGroup(
        pytest.RaisesExc(PoolFailed, match="'one.*was ended by SIGKILL during the run")
    ):
        async with running(tmp_path, pool("one", count=2)) as pools:
            os.kill(pools.pids()["one"][0], signal.SIGKILL)
            await anyio.sleep_forever()
    assert pools is not None
    assert sorted(pools.status()[0].exit_codes) == [-signal.SIGKILL, 0]


async def test_what_is_no_fault_of_a_pool_is_not_hidden(tmp_path: Path) -> None:
    async def broken(name: str) -> None:
        raise RuntimeError("a bug")

    with pytest.RaisesGroup(RuntimeError, flatten_subgroups=True):
        async with running(tmp_path, pool("one"), wait_ready=broken):
            raise AssertionError("not reached")


async def test_a_log_directory_that_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.RaisesGroup(EnvironmentNotReady):
        async with running(tmp_path / "missing", pool("one")):
            raise AssertionError("not reached")
