"""The laboratory of a run: broker, probe, workers and client, up together and down together."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import anyio
from celery import Celery

from orchestrator.celery_app import app_urls, apply_target
from orchestrator.client import Client
from orchestrator.client.amqp_check import identify
from orchestrator.environment import variables
from orchestrator.environment.broker import BrokerStart, is_amqp, open_broker
from orchestrator.environment.guardian import open_guardian
from orchestrator.environment.pools import Pools, PoolStart, open_pools
from orchestrator.environment.worker_environ import worker_environ
from orchestrator.judge.ledger import Ledger
from orchestrator.observe.probe_server import ProbeServer, open_probe_server
from orchestrator.records import BrokerInfo, Plan, Sample
from orchestrator.scenario import has_chord

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
        broker_start = BrokerStart(
            guardian=guardian,
            log_dir=log_dir,
            task_group=tasks,
            check_amqp=partial(identify, app, settings=plan.target.settings),
            app_urls=app_urls(app),
            chords=any(has_chord(workload.canvas) for workload in plan.workloads),
        )
        async with (
            open_broker(plan.target, broker_start) as broker,
            open_probe_server(guardian.directory, ledger.timeline) as probe,
        ):
            apply_target(
                app,
                broker_url=broker.url,
                results_url=broker.results_url,
                settings=plan.target.settings,
            )
            if broker.results_why is not None:
                progress.phase(f"results: {broker.results_why}")
            progress.phase(f"starting {sum(pool.count for pool in plan.pools)} worker processes")
            start = PoolStart(
                app=plan.app,
                run_id=run_id,
                environ={**worker_environ(plan.target, broker), variables.PROBE: str(probe.path)},
                log_dir=log_dir,
                guardian=guardian,
                wait_ready=probe.wait_ready,
                include=PROBE_MODULE,
                amqp=is_amqp(broker.url),
            )
            async with (
                open_pools(plan.pools, start, task_group=tasks) as pools,
                Client(app, on_result=ledger.result) as client,
            ):
                yield Laboratory(broker, pools, client, probe, time.monotonic() - began)
                progress.phase("stopping the workers")
            await probe.drained()
        tasks.cancel_scope.cancel()
