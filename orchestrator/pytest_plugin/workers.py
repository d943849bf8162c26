"""The worker processes that a test asks for, as a plan."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from orchestrator.celery_app import target_applied
from orchestrator.pytest_plugin.app_name import all_queues, python_path
from orchestrator.pytest_plugin.broker import Place
from orchestrator.pytest_plugin.config import LabConfig, check_pool
from orchestrator.records import Plan, PoolKind, PoolPlan, TargetPlan

if TYPE_CHECKING:
    from celery import Celery

NOT_EAGER = {"task_always_eager": False}
"""A test suite often sets it for its other tests. Here there are workers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workers:
    """None and nothing mean what ``celery_lab_config`` says.

    ``queues`` default to every queue that the app has or that its tasks go to; ``include`` are
    modules that the workers import besides the app's; ``settings`` are Celery's, for workers and
    client; ``options`` are more arguments of `celery worker`."""

    pool: PoolKind | None = None
    concurrency: int | None = None
    count: int = 1
    queues: Sequence[str] = ()
    include: Sequence[str] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    options: Sequence[str] = ()


def workers_plan(
    app: "Celery", name: str, workers: Workers, config: LabConfig, place: Place
) -> Plan:
    """A plan without workloads: what must be there for a test to send to.

    ``name`` is the app's for `celery -A`. Raises `UsageError`."""
    settings = {**NOT_EAGER, **config.settings, **workers.settings}
    if workers.include:
        settings["imports"] = [*(app.conf.imports or ()), *workers.include]
    target = TargetPlan(place.url, "auto", place.settings(app, settings))
    return Plan(
        name="workers",
        app=name,
        seed=0,
        target=target,
        pools=(_pool(app, workers, config, target),),
        workloads=(),
        thresholds=(),
        warmup_s=0.0,
        source={},
    )


def worker_env(config: LabConfig, env: Mapping[str, str]) -> dict[str, str]:
    """The environment variables of a worker, besides those of this process."""
    return {"PYTHONPATH": python_path(), **config.env, **env}


def _pool(app: "Celery", workers: Workers, config: LabConfig, target: TargetPlan) -> PoolPlan:
    kind = workers.pool or config.pool
    check_pool(kind)
    usual = 1 if kind == "solo" else config.concurrency
    return PoolPlan(
        "worker",
        tuple(workers.queues) or _queues(app, target),
        kind,
        usual if workers.concurrency is None else workers.concurrency,
        workers.count,
        env=worker_env(config, workers.env),
        options=tuple(workers.options),
    )


def _queues(app: "Celery", target: TargetPlan) -> tuple[str, ...]:
    """All of the app's, with the routes that the target's settings give it."""
    with target_applied(app, broker_url=target.broker, results_url=None, settings=target.settings):
        return all_queues(app)
