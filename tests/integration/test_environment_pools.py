"""Real workers of all five kinds: ready by their own word, watched, probed, ended in time."""

import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import psutil
import pytest
from celery import Celery
from celery.result import AsyncResult

from orchestrator.environment import variables
from orchestrator.environment.broker import BrokerStart, open_broker
from orchestrator.environment.guardian import open_guardian
from orchestrator.environment.pools import Pools, PoolStart, open_pools
from orchestrator.environment.worker_environ import worker_environ
from orchestrator.errors import PoolFailed
from orchestrator.observe.probe_server import ProbeServer, open_probe_server
from orchestrator.observe.process_sampler import ProcessSampler
from orchestrator.records import BrokerInfo, PoolKind, PoolPlan, TargetPlan

KINDS: tuple[PoolKind, ...] = ("prefork", "gevent", "eventlet", "threads", "solo")

APP = """
import os, socket, sys, time
from celery import Celery

app = Celery("tiny", broker="redis://nowhere.invalid/0", backend="redis://nowhere.invalid/0")

@app.task(name="tiny.add")
def add(x, y):
    return x + y

@app.task(name="tiny.nap")
def nap(seconds):
    time.sleep(seconds)

@app.task(name="tiny.about")
def about():
    conf = app.conf
    return {
        "socket": socket.socket.__module__,
        "task_acks_late": add.acks_late,
        "task_time_limit": add.time_limit,
        "worker_prefetch_multiplier": conf.worker_prefetch_multiplier,
        "result_expires": conf.result_expires,
        "extra": os.environ.get("EXTRA"),
    }

add.reference = "touched, so bound, while the module is being imported"
app.conf.worker_prefetch_multiplier = 9
"""


@dataclass
class Seen:
    """A ProbeListener that keeps (event, task id) per worker."""

    events: set[tuple[str, str, str]] = field(default_factory=set)

    def received(self, task_id: str, at_ns: int, worker: str) -> None:
        self.events.add(("received", worker, task_id))

    def started(self, task_id: str, at_ns: int, worker: str) -> None:
        self.events.add(("started", worker, task_id))

    def finished(self, task_id: str, at_ns: int, state: str, worker: str) -> None:
        self.events.add((state, worker, task_id))

    def cut_off(self, task_id: str) -> None:
        pass

    def gone(self, worker: str) -> None:
        pass

    def published(self, task_id: str, at_ns: int) -> None:
        self.events.add(("published", "", task_id))

    async def until(self, condition: Callable[[], bool], limit_s: float = 20) -> None:
        with anyio.fail_after(limit_s):
            while not condition():  # noqa: ASYNC110
                await anyio.sleep(0.02)


@dataclass
class Lab:
    pools: Pools
    server: ProbeServer
    seen: Seen
    client: Celery

    async def send(self, task: str, *args: Any, queue: str) -> AsyncResult:
        call = partial(self.client.send_task, task, args, queue=queue)
        return await anyio.to_thread.run_sync(call)

    async def get(self, result: AsyncResult) -> Any:
        return await anyio.to_thread.run_sync(partial(result.get, timeout=30))


def stock_client(broker: BrokerInfo) -> Celery:
    client = Celery("client", set_as_current=False)
    client.conf.update(broker_url=broker.url, result_backend=broker.results_url)
    return client


async def no_amqp(url: str) -> tuple[str, str]:
    raise AssertionError(url)


@asynccontextmanager
async def lab(
    folder: Path,
    *plans: PoolPlan,
    source: str = APP,
    settings: dict[str, Any] | None = None,
    ready_timeout_s: float = 60,
) -> AsyncIterator[Lab]:
    (folder / "tiny.py").write_text(source)
    seen = Seen()
    target = TargetPlan(settings=settings or {})
    async with (
        anyio.create_task_group() as group,
        open_guardian() as guardian,
        open_probe_server(guardian.directory, seen) as server,
        open_broker(target, BrokerStart(guardian, folder, group, no_amqp)) as broker,
    ):
        start = PoolStart(
            app="tiny:app",
            run_id="test",
            environ={**worker_environ(target, broker), variables.PROBE: str(server.path)},
            log_dir=folder,
            guardian=guardian,
            wait_ready=server.wait_ready,
            include="orchestrator.observe.probe",
            ready_timeout_s=ready_timeout_s,
            cwd=folder,
        )
        async with open_pools(plans, start, task_group=group) as pools:
            with closing(stock_client(broker)) as client:
                yield Lab(pools, server, seen, client)
                client.backend.client.close()


@pytest.mark.alone  # five workers are stopped at once, each within its time
async def test_all_five_kinds_run_tasks_that_the_probe_sees(tmp_path: Path) -> None:
    plans = [PoolPlan(kind, (kind,), kind, concurrency=2, env={"EXTRA": kind}) for kind in KINDS]
    settings = {
        "task_acks_late": True,
        "task_time_limit": 33,
        "worker_prefetch_multiplier": 3,
        "result_expires": 77,
    }
    async with lab(tmp_path, *plans, settings=settings) as running:
        sent: dict[str, list[str]] = {}
        for kind in KINDS:
            about = await running.get(await running.send("tiny.about", queue=kind))
            patched = {"gevent": "gevent._socket3", "eventlet": "eventlet.greenio.base"}
            assert about == {**settings, "socket": patched.get(kind, "socket"), "extra": kind}
            results = [await running.send("tiny.add", n, 1, queue=kind) for n in range(20)]
            assert [await running.get(result) for result in results] == list(range(1, 21))
            sent[kind] = [result.id for result in results]
        usage = ProcessSampler().sample(running.pools.pids())
        await running.seen.until(lambda: len(running.seen.events) == len(KINDS) * 21 * 3)
        await running.server.drained()
    status = {one.plan.name: one for one in running.pools.status()}
    for kind in KINDS:
        for task_id in sent[kind]:
            for event in ("received", "started", "SUCCESS"):
                assert (event, kind, task_id) in running.seen.events
        assert usage[kind].cpu_s > 0.1
        assert usage[kind].rss_bytes > 10_000_000
        assert status[kind].exit_codes == (0,)
        assert status[kind].pids == ()
        assert 0 < status[kind].startup_s < 60
    assert running.server.lost_events == 0


async def test_the_probe_sees_what_workers_publish_and_children_that_are_spawned(
    tmp_path: Path,
) -> None:
    """Spawned and not forked children, macOS's default, import the probe anew."""
    source = (
        APP + "\n@app.task(name='tiny.again', bind=True, max_retries=1, default_retry_delay=0)\n"
    )
    source += "def again(self):\n    if not self.request.retries:\n        raise self.retry()\n"
    source += "    return add.acks_late\n"
    plan = PoolPlan("one", ("one",), "prefork", count=2)
    settings = {"worker_pool_start_method": "spawn", "task_acks_late": True}
    async with lab(tmp_path, plan, source=source, settings=settings) as running:
        assert set(running.pools.process_names) == {"one.1", "one.2"}
        assert len(running.pools.pids()["one"]) == 2
        result = await running.send("tiny.again", queue="one")
        assert await running.get(result) is True
        events = running.seen.events
        await running.seen.until(
            lambda: (
                {e for e, _, _ in events}
                == {"received", "started", "RETRY", "SUCCESS", "published"}
            )
        )


async def test_a_pool_with_a_broken_app_fails_with_the_end_of_its_log(tmp_path: Path) -> None:
    plan = PoolPlan("broken", ("broken",), "solo")
    good = PoolPlan("good", ("good",), "prefork")
    source = (
        f"import os\nif os.environ['{variables.POOL}'] == 'broken':\n    import no_such_thing\n"
    )
    with pytest.RaisesGroup(
        pytest.RaisesExc(
            PoolFailed, match=r"'broken' .* ended with exit code \d before it was ready"
        ),
        flatten_subgroups=True,
    ) as caught:
        async with lab(tmp_path, plan, good, source=source + APP):
            raise AssertionError("not reached")
    (failure,) = caught.value.exceptions
    while isinstance(failure, BaseExceptionGroup):
        (failure,) = failure.exceptions
    assert isinstance(failure, PoolFailed)
    assert any("no_such_thing" in line for line in failure.log_tail)
    assert not workers_of(tmp_path)


async def test_a_pool_that_is_not_ready_in_time_fails(tmp_path: Path) -> None:
    with pytest.RaisesGroup(
        pytest.RaisesExc(PoolFailed, match=r"was not ready in 0\.2 s"), flatten_subgroups=True
    ):
        plan = PoolPlan("slow", ("slow",), "solo")
        async with lab(tmp_path, plan, source="import time; time.sleep(60)", ready_timeout_s=0.2):
            raise AssertionError("not reached")
    assert not workers_of(tmp_path)


async def test_a_pool_that_is_killed_ends_the_run(tmp_path: Path) -> None:
    with pytest.RaisesGroup(
        pytest.RaisesExc(PoolFailed, match="was ended by SIGKILL during the run"),
        flatten_subgroups=True,
    ):
        async with lab(tmp_path, PoolPlan("one", ("one",), "prefork", concurrency=2)) as running:
            os.kill(running.pools.pids()["one"][0], 9)
            await anyio.sleep(30)
            raise AssertionError("not reached")
    assert not workers_of(tmp_path)


async def test_stopping_is_bounded_also_when_tasks_do_not_end(tmp_path: Path) -> None:
    plans = [PoolPlan(kind, (kind,), kind) for kind in KINDS]
    async with lab(tmp_path, *plans) as running:
        for kind in KINDS:
            await running.send("tiny.nap", 60, queue=kind)
        events = running.seen.events
        await running.seen.until(lambda: len([e for e, _, _ in events if e == "started"]) == 5)
        begun = time.monotonic()
    assert time.monotonic() - begun < 10  # 8 s, and some for a busy machine
    assert not workers_of(tmp_path)


def workers_of(folder: Path) -> list[psutil.Process]:
    """Processes of the tests' workers that are still there: they run in `folder`."""
    left = []
    for process in psutil.process_iter(["cwd", "status"]):
        alive = process.info["status"] != psutil.STATUS_ZOMBIE
        if alive and process.info["cwd"] == str(folder):
            left.append(process)
    return left
