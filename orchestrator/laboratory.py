"""The laboratory of a run: broker, probe, workers and client, up together and down together."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import anyio
from celery import Celery

from orchestrator.celery_app import app_urls, apply_target
from orchestrator.client import Client
from orchestrator.environment import variables
from orchestrator.environment.broker import open_broker
from orchestrator.environment.guardian import open_guardian
from orchestrator.environment.pools import Pools, PoolStart, open_pools
from orchestrator.environment.worker_environ import worker_environ
from orchestrator.judge.ledger import Ledger
from orchestrator.observe.probe_server import ProbeServer, open_probe_server
from orchestrator.records import BrokerInfo, Plan, Sample

PROBE_MODULE = "orchestrator.observe.probe"


class Progress(Protocol):
    """Who is told how far the run is."""

    def phase(self, text: str) -> None: ...

    def tick(self, sample: Sample, totals: Mapping[str, int]) -> None: ...


@dataclass(frozen=True, slots=True)
class Laboratory:
    """A ready environment: a broker, pools that consume, and a client that is subscribed."""

    broker: BrokerInfo
    pools: Pools
    client: Client
    probe: ProbeServer
    startup_s: float


@asynccontextmanager
async def open_laboratory(
    plan: Plan, app: Celery, ledger: Ledger, *, run_id: str, log_dir: Path, progress: Progress
) -> AsyncIterator[Laboratory]:
    """Start everything that ``plan`` asks for; on leaving, all of it is stopped, in bounded time.

    Raises `EnvironmentNotReady` and its kin, also while the body runs, when a pool or the broker
    dies (then inside an exception group)."""
    began = time.monotonic()
    async with open_guardian() as guardian, anyio.create_task_group() as tasks:
        progress.phase("starting the broker")
        async with (
            open_broker(
                plan.target,
                guardian=guardian,
                log_dir=log_dir,
                task_group=tasks,
                app_urls=app_urls(app),
            ) as broker,
            open_probe_server(guardian.directory, ledger.timeline) as probe,
        ):
            apply_target(
                app,
                broker_url=broker.url,
                results_url=broker.results_url,
                settings=plan.target.settings,
            )
            progress.phase(f"starting {sum(pool.count for pool in plan.pools)} worker processes")
            start = PoolStart(
                app=plan.app,
                run_id=run_id,
                environ={**worker_environ(plan.target, broker), variables.PROBE: str(probe.path)},
                log_dir=log_dir,
                guardian=guardian,
                wait_ready=probe.wait_ready,
                include=PROBE_MODULE,
            )
            async with (
                open_pools(plan.pools, start, task_group=tasks) as pools,
                Client(app, on_result=ledger.result) as client,
            ):
                yield Laboratory(broker, pools, client, probe, time.monotonic() - began)
                progress.phase("stopping the workers")
            await probe.drained()
        tasks.cancel_scope.cancel()
