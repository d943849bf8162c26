"""A checked scenario -> the Plan."""

from collections.abc import Mapping
from typing import Any, cast

from orchestrator.records import (
    ExecutorKind,
    FaultKind,
    FaultPlan,
    Plan,
    PoolPlan,
    Stage,
    TargetPlan,
    Threshold,
    WorkloadPlan,
)
from orchestrator.scenario.canvas import canvas_node
from orchestrator.scenario.fault_models import Fault
from orchestrator.scenario.masking import masked
from orchestrator.scenario.models import Pool, Scenario, Target, ThresholdObject
from orchestrator.scenario.thresholds import parse_expression, parse_key
from orchestrator.scenario.workload_models import Workload


def plan_of(scenario: Scenario, data: Mapping[str, Any], found_in: str = "") -> Plan:
    """The plan; `data` is the scenario as run, of which the plan keeps a copy without its
    secrets. `found_in` says where the broker's address is from, when it is not in the scenario."""
    pools = scenario.workers if isinstance(scenario.workers, dict) else {}
    return Plan(
        name=scenario.name,
        app=scenario.app,
        seed=scenario.seed,
        target=_target(scenario.target, found_in),
        pools=tuple(_pool(name, pool) for name, pool in pools.items()),
        workloads=tuple(_workload(name, model) for name, model in scenario.workloads.items()),
        thresholds=tuple(
            _threshold(key, check)
            for key, checks in scenario.thresholds.items()
            for check in checks
        ),
        warmup_s=scenario.warmup,
        source=masked(data),
        description=scenario.description,
        attach=scenario.workers == "attach",
        faults=tuple(map(_fault, scenario.faults)),
    )


def _target(target: Target, found_in: str) -> TargetPlan:
    return TargetPlan(target.broker, target.results, target.settings, found_in)


def _pool(name: str, pool: Pool) -> PoolPlan:
    return PoolPlan(
        name=name,
        queues=tuple(dict.fromkeys(pool.queues)),
        pool=pool.pool,
        concurrency=pool.concurrency,
        count=pool.count,
        prefetch_multiplier=pool.prefetch_multiplier,
        env=pool.env,
        options=tuple(pool.options),
    )


def _fault(model: Fault) -> FaultPlan:
    return FaultPlan(
        kind=cast(FaultKind, model.kind),
        at_s=model.at,
        worker=getattr(model, "worker", None),
        signal=getattr(model, "signal", "SIGKILL"),
        restart_after_s=getattr(model, "restart_after", None),
        duration_s=getattr(model, "duration", 0.0),
        grace_s=getattr(model, "grace", 0.0),
    )


def _workload(name: str, model: Workload) -> WorkloadPlan:
    given: dict[str, Any] = {
        "vus": getattr(model, "vus", 1),
        "iterations": getattr(model, "iterations", getattr(model, "size", None)),
        "rate_per_s": getattr(model, "rate", None),
        "duration_s": _duration_s(model),
        "start": getattr(model, "start_vus", getattr(model, "start_rate", 0.0)),
        "stages": tuple(
            Stage(stage.duration, stage.target) for stage in getattr(model, "stages", ())
        ),
        "graceful_ramp_down_s": getattr(model, "graceful_ramp_down", 30.0),
        "drain_ratio": getattr(model, "drain_ratio", 1.0),
        "max_duration_s": getattr(model, "max_duration", 600.0),
        "max_in_flight": getattr(model, "max_in_flight", None),
    }
    return WorkloadPlan(
        name=name,
        executor=cast(ExecutorKind, model.executor),
        canvas=canvas_node(model.canvas),
        start_time_s=model.start_time,
        graceful_stop_s=model.graceful_stop,
        timeout_s=model.timeout,
        aggregate=model.aggregate,
        tags=model.tags,
        **given,
    )


def _duration_s(model: Workload) -> float | None:
    """How long the executor starts iterations, where that is known."""
    stages = getattr(model, "stages", None)
    if stages is not None:
        return float(sum(stage.duration for stage in stages))
    return getattr(model, "duration", None)


def _threshold(key: str, check: str | ThresholdObject) -> Threshold:
    options: dict[str, Any] = {}
    text = check if isinstance(check, str) else check.threshold
    if isinstance(check, ThresholdObject):
        options = {
            "abort_on_fail": check.abort_on_fail,
            "delay_abort_eval_s": check.delay_abort_eval,
            "window_s": check.window,
        }
    return threshold_of(key, text, **options)


def threshold_of(key: str, text: str, **options: Any) -> Threshold:
    """A check of a metric: `task_duration{task:add}` and `p(95)<200ms`. ValueError says what is
    wrong and how to write it."""
    metric, tags = parse_key(key)
    parsed = parse_expression(metric, text)
    return Threshold(
        metric=metric.name,
        tags=tags,
        expression=text,
        aggregation=parsed.aggregation,
        percentile=parsed.percentile,
        operator=parsed.operator,
        limit=parsed.limit,
        **options,
    )
