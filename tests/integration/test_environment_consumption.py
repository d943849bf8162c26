"""Real workers of all five kinds stop consuming a queue when they are told, and go on."""

from pathlib import Path

import anyio
import pytest

from orchestrator.celery_app import load_app
from orchestrator.environment.consumption import Consumption
from orchestrator.errors import EnvironmentNotReady
from orchestrator.judge.ledger import Ledger
from orchestrator.laboratory import Laboratory, open_laboratory
from orchestrator.records import Call, Plan, PoolKind, PoolPlan, TargetPlan, WorkloadPlan

KINDS: tuple[PoolKind, ...] = ("prefork", "gevent", "eventlet", "threads", "solo")


class Silent:
    def phase(self, text: str) -> None: ...

    refresh_s = None

    def tick(self, live: object) -> None: ...


async def test_a_paused_queue_is_left_alone_until_it_is_resumed(tmp_path: Path) -> None:
    pools = tuple(PoolPlan(kind, (kind, f"{kind}-too"), kind) for kind in KINDS)
    app = load_app("tasks.app:app")
    plan = Plan(
        name="p",
        app="tasks.app:app",
        seed=0,
        target=TargetPlan(),
        pools=pools,
        workloads=(WorkloadPlan("w", "backlog", Call("add"), iterations=1),),
        thresholds=(),
        warmup_s=0.0,
        source={},
    )
    add = app.tasks["add_module.tasks.add"]

    async def send(laboratory: Laboratory, queue: str) -> int:
        value: int = await laboratory.client.call(add.s(1, 2).set(queue=queue), timeout=20)
        return value

    async with open_laboratory(
        plan, app, Ledger({}), run_id="abc", log_dir=tmp_path, progress=Silent()
    ) as laboratory:
        consumption = Consumption(app, pools, "abc")
        await consumption.pause(KINDS)
        handles = [await laboratory.client.submit(add.s(2, 3).set(queue=kind)) for kind in KINDS]
        for kind in KINDS:  # the workers are there, and look at their other queues
            assert await send(laboratory, f"{kind}-too") == 3
        assert not any(handle.done() for handle in handles)
        await consumption.resume(KINDS)
        assert [await handle.result(timeout=20) for handle in handles] == [5] * len(KINDS)


async def test_a_worker_that_does_not_answer_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.environment.consumption.REPLY_S", 0.3)
    app = load_app("tasks.app:app")
    plan = Plan("p", "tasks.app:app", 0, TargetPlan(), (), (), (), 0.0, {})
    absent = (PoolPlan("absent", ("add",)),)
    with anyio.fail_after(20):
        async with open_laboratory(
            plan, app, Ledger({}), run_id="abc", log_dir=tmp_path, progress=Silent()
        ):
            with pytest.raises(EnvironmentNotReady, match=r"absent-0\.abc: no agreement"):
                await Consumption(app, absent, "abc").pause(["add"])
