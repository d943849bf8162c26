"""The laboratory of a run: broker, probe, workers and client, up together and down together."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

import anyio
from anyio.abc import TaskGroup
from celery import Celery

from orchestrator.celery_app import app_urls, resolve_task, target_applied, task_queue
from orchestrator.client import Client
from orchestrator.client.amqp_check import identify
from orchestrator.environment import variables
from orchestrator.environment.attached import AttachedPools, find_workers
from orchestrator.environment.broker import BrokerStart, is_amqp, open_broker
from orchestrator.environment.faults import Victims
from orchestrator.environment.guardian import Guardian, open_guardian
from orchestrator.environment.masking import mask_url
from orchestrator.environment.pools import Pools, PoolStart, open_pools
from orchestrator.environment.worker_environ import worker_environ
from orchestrator.observe.event_receiver import (
    EventListener,
    EventReceiver,
    open_event_receiver,
)
from orchestrator.observe.probe_server import ProbeListener, ProbeServer, open_probe_server
from orchestrator.records import BrokerInfo, Live, Plan, TaskResult
from orchestrator.scenario import calls, has_chord

PROBE_MODULE = "orchestrator.observe.probe"


class Progress(Protocol):
    """Who is told how far the run is. ``refresh_s`` is how often it wants to be told while the load
    goes on; None: never."""

    @property
    def refresh_s(self) -> float | None: ...

    def phase(self, text: str) -> None: ...

    def tick(self, live: Live) -> None: ...


@dataclass(frozen=True, slots=True)
class Laboratory:
    """A ready environment: a broker, pools that consume, and a client that is subscribed."""

    plan: Plan
    """As it was asked for, with the pools that were found where the workers were there already."""
    broker: BrokerInfo
    pools: Pools | AttachedPools
    client: Client
    probe: ProbeServer
    events: EventReceiver | None
    startup_s: float
    victims: Victims | None = None
    """What faults may strike; None where the workers are not ours."""

    async def told(self) -> None:
        """Returns once what the workers have told so far has been heard."""
        await self.probe.drained()
        if self.events is not None:
            await self.events.drained()


class Listener(ProbeListener, EventListener, Protocol):
    """Is told what workers of either kind do."""


class Recorder(Protocol):
    """Who is told what the workers do, and what results arrive; a `Ledger` is one."""

    @property
    def timeline(self) -> Listener: ...

    def result(self, result: TaskResult) -> None: ...


@asynccontextmanager
async def open_laboratory(
    plan: Plan,
    app: Celery,
    recorder: Recorder,
    *,
    run_id: str,
    log_dir: Path,
    progress: Progress,
    last_look: Callable[[BrokerInfo], Awaitable[None]] | None = None,
) -> AsyncIterator[Laboratory]:
    """Start everything that ``plan`` asks for, and find what is there already; on leaving, what was
    started is stopped, in bounded time, and the app is as it was. ``last_look`` is called when the
    workers are gone, and have given back to the broker what they held, and the broker is not.

    Raises `EnvironmentNotReady` and its kin, also while the body runs, when a pool or the broker
    dies (then inside an exception group)."""
    began = time.monotonic()
    async with open_guardian() as guardian, anyio.create_task_group() as tasks:
        progress.phase(f"{'starting' if plan.target.private else 'connecting to'} the broker")
        start = _broker_start(plan, app, guardian, tasks, log_dir)
        async with (
            open_broker(plan.target, start) as broker,
            open_probe_server(guardian.directory, recorder.timeline) as probe,
        ):
            if broker.results_why is not None:
                progress.phase(f"results: {broker.results_why}")
            with target_applied(
                app,
                broker_url=broker.url,
                results_url=broker.results_url,
                settings=plan.target.settings,
            ):
                workers = (
                    _attached(plan, app, broker, recorder, progress)
                    if plan.attach
                    else _started(
                        plan, _pool_start(plan, broker, probe, start, run_id), tasks, progress
                    )
                )
                async with (
                    workers as (plan, pools, events),
                    Client(app, on_result=recorder.result) as client,
                ):
                    startup_s = time.monotonic() - began
                    victims = _victims(pools, probe, start)
                    yield Laboratory(plan, broker, pools, client, probe, events, startup_s, victims)
                    if not plan.attach:
                        progress.phase("stopping the workers")
                if last_look is not None:
                    await last_look(broker)
            await probe.drained()
        tasks.cancel_scope.cancel()


class _Workers(NamedTuple):
    plan: Plan
    pools: Pools | AttachedPools
    events: EventReceiver | None


@asynccontextmanager
async def _started(
    plan: Plan, start: PoolStart, tasks: TaskGroup, progress: Progress
) -> AsyncIterator[_Workers]:
    progress.phase(f"starting {sum(pool.count for pool in plan.pools)} worker processes")
    async with open_pools(plan.pools, start, task_group=tasks) as pools:
        yield _Workers(plan, pools, None)


@asynccontextmanager
async def _attached(
    plan: Plan, app: Celery, broker: BrokerInfo, recorder: Recorder, progress: Progress
) -> AsyncIterator[_Workers]:
    """The workers that are there: found, listened to, and left as they are."""
    progress.phase("looking for workers")
    pools = await find_workers(app, _queues(plan, app), where=mask_url(broker.url))
    progress.phase(f"attached to {pools}")
    async with open_event_receiver(app, recorder.timeline) as events:
        yield _Workers(replace(plan, pools=pools.plans), pools, events)


def _queues(plan: Plan, app: Celery) -> set[str]:
    """Every queue that a task of the plan goes to."""
    return {
        task_queue(app, resolve_task(app, call.task), {"queue": call.queue} if call.queue else {})
        for _, call in calls(plan)
    }


def _broker_start(
    plan: Plan, app: Celery, guardian: Guardian, tasks: TaskGroup, log_dir: Path
) -> BrokerStart:
    return BrokerStart(
        guardian=guardian,
        log_dir=log_dir,
        task_group=tasks,
        check_amqp=partial(identify, app, settings=plan.target.settings),
        app_urls=app_urls(app),
        chords=any(has_chord(workload.canvas) for workload in plan.workloads),
        attach=plan.attach,
        durable=any(fault.kind == "broker-kill" for fault in plan.faults),
    )


def _victims(
    pools: Pools | AttachedPools, probe: ProbeServer, start: BrokerStart
) -> Victims | None:
    if not isinstance(pools, Pools):
        return None
    broker = start.started[0] if start.started else None
    return Victims(pools, probe.busy_pids, broker, start.watch)


def _pool_start(
    plan: Plan, broker: BrokerInfo, probe: ProbeServer, start: BrokerStart, run_id: str
) -> PoolStart:
    return PoolStart(
        app=plan.app,
        run_id=run_id,
        environ={**worker_environ(plan.target, broker), variables.PROBE: str(probe.path)},
        log_dir=start.log_dir,
        guardian=start.guardian,
        wait_ready=probe.wait_ready,
        include=PROBE_MODULE,
        amqp=is_amqp(broker.url),
    )
