"""What no single key can say: combinations that cannot work, and names that must exist
elsewhere."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.records import Call, Chain, Chord, Mapped, Node
from orchestrator.scenario.canvas_models import MAX_COUNT
from orchestrator.scenario.fault_models import ChildKill, Fault, WorkerFault
from orchestrator.scenario.models import AMQP_SCHEMES, Scenario
from orchestrator.scenario.parts import Parts
from orchestrator.scenario.quantities import shown
from orchestrator.scenario.suggestions import did_you_mean, listed
from orchestrator.scenario.tree import Path
from orchestrator.scenario.walk import joined_links, nodes, task_count


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem, its place not yet looked up."""

    path: Path
    message: str
    at_key: bool = False


def attached_backlog(data: Mapping[str, Any]) -> Iterator[Finding]:
    """A backlog for workers that are not ours; `data` is the scenario as plain data."""
    workloads = data.get("workloads")
    if data.get("workers") != "attach" or not isinstance(workloads, dict):
        return
    for name, workload in workloads.items():
        if isinstance(workload, dict) and workload.get("executor") == "backlog":
            message = "backlog pauses the workers: not possible with workers: attach"
            yield Finding(("workloads", name, "executor"), message)


def combinations(parts: Parts) -> Iterator[Finding]:
    """Parts that are valid in themselves and cannot work together."""
    for name, canvas in parts.canvases.items():
        path: Path = ("workloads", name, "canvas")
        if task_count(canvas) > MAX_COUNT:
            message = (
                f"one canvas of {task_count(canvas):,} tasks is too large: at most {MAX_COUNT:,}"
            )
            yield Finding(path, message)
        for place, node in nodes(canvas, path):
            yield from _unconsumed(parts, place, node)
            yield from _without_results(parts, place, node)
    yield from _folds(parts)
    yield from _warmup(parts)
    yield from _rpc_without_rabbitmq(parts)
    for position, fault in parts.faults.items():
        yield from _fault(parts, ("faults", position), fault)
    yield from _faults_of_backlogs(parts)


def _unconsumed(parts: Parts, path: Path, node: Node) -> Iterator[Finding]:
    if isinstance(node, Call):
        queue, place = node.queue, (*path, "queue")
    elif isinstance(node, Mapped):
        queue, place = node.call.queue, (*path, node.kind, "queue")
    else:
        return
    known = queues(parts)
    if queue is not None and parts.all_pools and queue not in known:
        hint = did_you_mean(queue, known)
        yield Finding(place, f"no pool consumes the queue {shown(queue)}{hint}: {listed(known)}")


def queues(parts: Parts) -> tuple[str, ...]:
    """The queues that the pools consume, in the order of the file."""
    return tuple(dict.fromkeys(queue for pool in parts.pools.values() for queue in pool.queues))


def _without_results(parts: Parts, path: Path, node: Node) -> Iterator[Finding]:
    results = parts.target.results
    if results not in ("none", "rpc"):
        return
    if isinstance(node, Chord):
        message = f"a chord needs a result backend that counts: results: {results} cannot run it"
        yield Finding((*path, "chord"), message, at_key=True)
    if isinstance(node, Chain):
        for position in joined_links(node):
            message = f"a group with a link after it is a chord: results: {results} cannot run it"
            yield Finding((*path, "chain", position - 1), message)
    if isinstance(node, Call) and node.expect is not None and results == "none":
        message = "with results: none nothing comes back to be held against it"
        yield Finding((*path, "expect"), message, at_key=True)


def _rpc_without_rabbitmq(parts: Parts) -> Iterator[Finding]:
    broker = parts.target.broker
    scheme = broker.partition("://")[0]
    if parts.target.results == "rpc" and scheme not in ("rabbitmq", "app", *AMQP_SCHEMES):
        message = f"rpc results come through RabbitMQ, and the broker is {shown(scheme)}"
        yield Finding(("target", "results"), message)


def _fault(parts: Parts, path: Path, fault: Fault) -> Iterator[Finding]:
    if not isinstance(fault, WorkerFault):
        if not private_broker(parts.target.broker):
            message = "only a private broker can be made to fail, and this one is not ours"
            yield Finding((*path, "kind"), message)
        return
    if parts.attached:
        message = "only workers that the run starts can be made to fail: not with workers: attach"
        yield Finding((*path, "kind"), message)
        return
    name, _, number = fault.worker.partition(".")
    pool = parts.pools.get(name)
    if name not in parts.pool_names:
        hint = did_you_mean(name, parts.pool_names)
        message = f"no pool is called {shown(name)}{hint}: {listed(parts.pool_names)}"
        yield Finding((*path, "worker"), message)
    elif pool is not None and number and int(number) > pool.count:
        yield Finding((*path, "worker"), f"{name} has {pool.count} workers")
    elif pool is not None and isinstance(fault, ChildKill) and pool.pool != "prefork":
        message = f"only a prefork pool has child processes, and {name} is {pool.pool}"
        yield Finding((*path, "worker"), message)


def _faults_of_backlogs(parts: Parts) -> Iterator[Finding]:
    for name, workload in parts.workloads.items():
        if parts.has_faults and workload.executor == "backlog":
            message = "a backlog needs workers that stay up: not possible with faults"
            yield Finding(("workloads", name, "executor"), message)


def private_broker(broker: str) -> bool:
    """Whether the run would start this broker itself, so that nobody can work on it already."""
    return "://" not in broker and broker != "app"


def attached(scenario: Scenario) -> Iterator[Finding]:
    """What is wrong with `workers: attach`."""
    broker = scenario.target.broker
    if scenario.workers == "attach" and private_broker(broker):
        message = (
            f"nobody works on a private broker ({broker}) yet: name the one that the workers "
            "consume from (target: {broker: URL}, or app), or run with --target attach"
        )
        yield Finding(("workers",), message)


def _folds(parts: Parts) -> Iterator[Finding]:
    for name, workload in parts.workloads.items():
        if workload.aggregate is not None and parts.target.results == "none":
            message = "with results: none nothing comes back to aggregate"
            yield Finding(("workloads", name, "aggregate"), message, at_key=True)


def _warmup(parts: Parts) -> Iterator[Finding]:
    ends: list[float] = []
    for workload in parts.workloads.values():
        duration: float | None = getattr(workload, "duration", None)
        if duration is None:
            return
        ends.append(workload.start_time + duration)
    if parts.warmup_s and ends and parts.warmup_s >= max(ends):
        message = f"the load ends after {max(ends):g}s: the warm-up leaves nothing to measure"
        yield Finding(("warmup",), message)
