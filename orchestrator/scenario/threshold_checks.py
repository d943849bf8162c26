"""Thresholds against the scenario: a check that can never be measured would be a check in name
only."""

from collections.abc import Iterator

from orchestrator.records import Call, Mapped
from orchestrator.scenario.checks import Finding, queues
from orchestrator.scenario.metrics import FAULT_TRENDS, Metric
from orchestrator.scenario.parts import Parts
from orchestrator.scenario.quantities import shown
from orchestrator.scenario.suggestions import did_you_mean, listed
from orchestrator.scenario.thresholds import parse_expression, parse_key
from orchestrator.scenario.tree import Path
from orchestrator.scenario.walk import nodes
from orchestrator.scenario.workload_models import TAGS

_NEED_RESULTS = (
    *("result_lag", "task_duration", "canvas_duration", "results_lost", "tasks_wrong"),
    *FAULT_TRENDS,
)


def thresholds(parts: Parts) -> Iterator[Finding]:
    """What is wrong with the metrics, tags and expressions of the thresholds."""
    for key, checks in parts.thresholds.items():
        path: Path = ("thresholds", key)
        try:
            metric, tags = parse_key(key)
        except ValueError as exc:
            yield Finding(path, str(exc), at_key=True)
            continue
        if parts.target.results == "none" and metric.name in _NEED_RESULTS:
            message = f"with results: none there is no {metric.name} to measure"
            yield Finding(path, message, at_key=True)
        if metric.name in FAULT_TRENDS and not parts.has_faults:
            message = f"without faults there is no {metric.name} to measure"
            yield Finding(path, message, at_key=True)
        for name, value in tags.items():
            for message in _tag(parts, metric, name, value):
                yield Finding(path, message, at_key=True)
        yield from _expressions(metric, checks)


def _expressions(metric: Metric, checks: tuple[tuple[Path, str], ...]) -> Iterator[Finding]:
    for place, text in checks:
        try:
            parse_expression(metric, text)
        except ValueError as exc:
            yield Finding(place, str(exc))


def _tag(parts: Parts, metric: Metric, name: str, value: str) -> Iterator[str]:
    own = (
        {key: member.tags[key] for member in parts.workloads.values() for key in member.tags}
        if metric.own_tags
        else {}
    )
    known = (*metric.tags, *own)
    if name in TAGS and name not in metric.tags:
        yield f"{metric.name} is not measured by {name}: it has the tags {listed(known)}"
    elif name not in known:
        if parts.all_workloads or not metric.own_tags:
            yield f"{shown(name)} is not a tag{did_you_mean(name, known)}: {listed(known)}"
    else:
        yield from _value(parts, name, value)


def _value(parts: Parts, name: str, value: str) -> Iterator[str]:
    known = _known_values(parts, name)
    if not known or value in known:
        return
    if name == "task" and (value.startswith("celery.") or _same_task(value, known)):
        return
    hint = did_you_mean(value, known)
    yield f"the scenario has no {name} {shown(value)}{hint}: {listed(known)}"


def _known_values(parts: Parts, name: str) -> tuple[str, ...]:
    """The values that a tag can have; none when they are not all known."""
    if name == "workload":
        return parts.workload_names
    if name == "pool":
        return parts.pool_names
    if name == "worker":
        return _workers(parts) if parts.all_pools else ()
    if name == "queue":
        return queues(parts) if parts.all_pools else ()
    if not parts.all_workloads:
        return ()
    if name == "task":
        return _tasks(parts)
    own = (workload.tags.get(name) for workload in parts.workloads.values())
    return tuple(dict.fromkeys(value for value in own if value is not None))


def _workers(parts: Parts) -> tuple[str, ...]:
    """The names of the worker processes: `add`, or with a count of 2 `add.1` and `add.2`."""
    return tuple(
        f"{name}.{number}" if pool.count > 1 else name
        for name, pool in parts.pools.items()
        for number in range(1, pool.count + 1)
    )


def _tasks(parts: Parts) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for canvas in parts.canvases.values():
        for _, node in nodes(canvas):
            if isinstance(node, Call):
                names[node.task] = None
            elif isinstance(node, Mapped):
                names[node.call.task] = None
    return tuple(names)


def _same_task(value: str, known: tuple[str, ...]) -> bool:
    """A tag takes the full name or its last part; which the full one is only the app can tell."""
    return any(value == task.rpartition(".")[2] or value.endswith(f".{task}") for task in known)
