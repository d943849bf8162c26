"""``check``: validate scenarios, print what they would do, start nothing."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import click

from orchestrator.cli.options import Scenarios, load_scenarios, scenario_options
from orchestrator.records import (
    ExecutorKind,
    FaultPlan,
    Plan,
    PoolPlan,
    Threshold,
    WorkloadPlan,
    label_of,
)
from orchestrator.scenario_files import read_scenarios


@click.command(
    "check", epilog="\b\nExample:\n  python -m orchestrator check scenarios/*.yaml --set seed=1"
)
@scenario_options
@click.option(
    "--json", "as_json", is_flag=True, help="Print the scenarios as read, as one JSON document."
)
@click.option(
    "--no-app",
    is_flag=True,
    help="Do not import the apps, for places where they are not installed, as in pre-commit: the "
    "tasks' names are not checked, and no plan is printed.",
)
def command(
    scenarios: tuple[Path, ...],
    overrides: tuple[str, ...],
    target: str | None,
    broker: str | None,
    as_json: bool,
    no_app: bool,
) -> None:
    """Validate SCENARIO files and print their plans. Nothing is started.

    The app is imported, so that task names are checked too. Every problem of every file is printed
    as file:line:column."""
    if no_app:
        read = read_scenarios(scenarios, overrides, target, broker)
        sources = {path: [each.plan.source for each in variants] for path, variants, _ in read}
        text = "\n".join(f"{path}: valid; its app was not asked for its tasks" for path in sources)
    else:
        loaded = load_scenarios(scenarios, overrides, target, broker)
        sources = {each.path: [one.plan.source for one in each.variants] for each in loaded}
        text = describe(loaded)
    click.echo(_document(sources) if as_json else text)


def describe(loaded: Sequence[Scenarios]) -> str:
    """The plans as text for a person."""
    return "\n\n".join("\n".join(_lines(each)) for each in loaded)


def _document(sources: Mapping[Path, Sequence[object]]) -> str:
    """The scenarios as read, by their files; a list where a matrix makes several of one."""
    document = {str(path): each[0] if len(each) == 1 else each for path, each in sources.items()}
    return json.dumps(document, indent=2, default=str)


def _lines(scenarios: Scenarios) -> Iterator[str]:
    first = scenarios.variants[0]
    yield from _plan_lines(first.path, first.plan)
    count = len(scenarios.variants)
    if count > 1:
        from orchestrator.experiments.rows import axes

        yield f"  matrix of {count}, of which this is the first"
        for each in axes([variant.settings for variant in scenarios.variants]):
            yield f"    {label_of(each)}"
    if scenarios.repeats > 1:
        yield f"  each {scenarios.repeats} times: {scenarios.runs} runs"


def _plan_lines(path: Path, plan: Plan) -> Iterator[str]:
    from orchestrator.environment.masking import mask_url

    yield f"{path}: {plan.name}" + (f": {plan.description}" if plan.description else "")
    broker, results = mask_url(plan.target.broker), mask_url(plan.target.results)
    if plan.target.found_in:
        broker += f" (from {plan.target.found_in})"
    yield f"  app {plan.app}, seed {plan.seed}, broker {broker}, results {results}"
    yield "  workers" + (": those that consume from it already" if plan.attach else "")
    yield from (f"    {_pool(pool)}" for pool in plan.pools)
    yield "  workloads"
    yield from (f"    {_workload(workload)}" for workload in plan.workloads)
    if plan.faults:
        yield "  faults"
        yield from (f"    {_fault(fault)}" for fault in plan.faults)
    if plan.thresholds:
        yield "  thresholds"
        for threshold in plan.thresholds:
            yield f"    {metric_name(threshold)}: {threshold.expression}"


def metric_name(threshold: Threshold) -> str:
    """The metric with its tags, as in the file: ``task_duration{task:add}``."""
    tags = ",".join(f"{key}:{value}" for key, value in threshold.tags.items())
    return f"{threshold.metric}{{{tags}}}" if tags else threshold.metric


def _pool(pool: PoolPlan) -> str:
    times = f" x {pool.count}" if pool.count > 1 else ""
    return f"{pool.name}: {pool.pool} -c {pool.concurrency}{times} on {', '.join(pool.queues)}"


def _fault(fault: FaultPlan) -> str:
    """``10 s: worker-kill add, SIGKILL, started again after 2 s``."""
    said = f"{fault.at_s:g} s: {fault.name}"
    if fault.kind.endswith("-pause"):
        return f"{said}, for {fault.duration_s:g} s"
    if fault.restart_after_s is not None:
        return f"{said}, {fault.signal}, started again after {fault.restart_after_s:g} s"
    return f"{said}, {fault.signal}"


def _workload(workload: WorkloadPlan) -> str:
    aggregate = f", aggregate {workload.aggregate}" if workload.aggregate else ""
    load = _LOADS[workload.executor](workload)
    return f"{workload.name}: {workload.executor}, {load}, {_shape(workload)}{aggregate}"


def _ramp(workload: WorkloadPlan, unit: str) -> str:
    points = [f"{workload.start:g}", *(f"{stage.target:g}" for stage in workload.stages)]
    return f"{' to '.join(points)} {unit} in {workload.duration_s:g} s"


def _arrivals(workload: WorkloadPlan) -> str:
    from orchestrator.load.arrivals import arrivals, ramping_count

    if workload.stages:
        rate, count = _ramp(workload, "per s"), ramping_count(workload.start, workload.stages)
    else:
        per_s, duration_s = workload.rate_per_s or 0.0, workload.duration_s or 0.0
        rate, count = f"{per_s:g}/s for {duration_s:g} s", arrivals(per_s, duration_s)
    return f"{rate} ({count:,} iterations), at most {workload.max_in_flight} in flight"


_LOADS: Mapping[ExecutorKind, Callable[[WorkloadPlan], str]] = {
    "shared-iterations": lambda plan: f"{plan.iterations} iterations, {plan.vus} in flight",
    "per-vu-iterations": lambda plan: f"{plan.iterations} iterations for each of {plan.vus} VUs",
    "constant-vus": lambda plan: f"{plan.vus} in flight for {plan.duration_s:g} s",
    "ramping-vus": lambda plan: _ramp(plan, "in flight"),
    "constant-arrival-rate": _arrivals,
    "ramping-arrival-rate": _arrivals,
    "backlog": lambda plan: f"{plan.iterations} iterations wait, {plan.drain_ratio:.0%} must drain",
}


def _shape(workload: WorkloadPlan) -> str:
    return f"one {type(workload.canvas).__name__.lower()} each".replace("call", "task")
