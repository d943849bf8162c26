"""The parts of a scenario that can be checked against each other.

A file with one wrong workload still has other parts that are right: they are checked against each
other all the same, so that all problems come at once. What a wrong part might have declared is
never held against the rest.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from orchestrator.records import Node
from orchestrator.scenario.canvas import canvas_node
from orchestrator.scenario.fault_models import AnyFault, Fault
from orchestrator.scenario.models import Pool, Scenario, Target
from orchestrator.scenario.tree import Path
from orchestrator.scenario.workload_models import AnyWorkload, Workload

K = TypeVar("K")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Parts:
    """`pools` and `workloads` are those that are valid in themselves; the names are those of all.
    `thresholds` holds the checks as text, each with its path."""

    target: Target
    pools: Mapping[str, Pool]
    pool_names: tuple[str, ...]
    workloads: Mapping[str, Workload]
    workload_names: tuple[str, ...]
    canvases: Mapping[str, Node]
    thresholds: Mapping[str, tuple[tuple[Path, str], ...]]
    warmup_s: float
    faults: Mapping[int, Fault]
    """By their position in the list."""
    has_faults: bool
    attached: bool
    """Whether the workers are there already."""

    @property
    def all_pools(self) -> bool:
        """Whether every pool is known, so that what no pool consumes is consumed by none."""
        return bool(self.pool_names) and len(self.pools) == len(self.pool_names)

    @property
    def all_workloads(self) -> bool:
        return bool(self.workload_names) and len(self.workloads) == len(self.workload_names)


def parts_of(scenario: Scenario, data: Mapping[str, Any]) -> Parts:
    """The parts of a valid scenario."""
    pools = scenario.workers if isinstance(scenario.workers, dict) else {}
    return Parts(
        target=scenario.target,
        pools=pools,
        pool_names=tuple(pools),
        workloads=scenario.workloads,
        workload_names=tuple(scenario.workloads),
        canvases=_canvases(scenario.workloads),
        thresholds=_thresholds(data),
        warmup_s=scenario.warmup,
        faults=dict(enumerate(scenario.faults)),
        has_faults=bool(scenario.faults),
        attached=scenario.workers == "attach",
    )


def valid_parts(data: Mapping[str, Any]) -> Parts:
    """The parts of a scenario that is not valid as a whole."""
    workers, workloads = _mapping(data, "workers"), _mapping(data, "workloads")
    valid = _valid(TypeAdapter[Workload](AnyWorkload), workloads)
    target = _valid(TypeAdapter(Target), {"target": data.get("target")}).get("target", Target())
    return Parts(
        target=target,
        pools=_valid(TypeAdapter(Pool), workers),
        pool_names=tuple(workers),
        workloads=valid,
        workload_names=tuple(workloads),
        canvases=_canvases(valid),
        thresholds=_thresholds(data),
        warmup_s=0.0,
        faults=_valid(TypeAdapter[Fault](AnyFault), dict(enumerate(_list(data, "faults")))),
        has_faults=bool(data.get("faults")),
        attached=data.get("workers") == "attach",
    )


def _mapping(data: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def _list(data: Mapping[str, Any], key: str) -> list[Any]:
    value = data.get(key)
    return value if isinstance(value, list) else []


def _valid(adapter: TypeAdapter[T], entries: Mapping[K, Any]) -> dict[K, T]:
    valid: dict[K, T] = {}
    for name, value in entries.items():
        # What is wrong with the others is known from the validation of the whole.
        with suppress(ValidationError):
            valid[name] = adapter.validate_python(value)
    return valid


def _canvases(workloads: Mapping[str, Workload]) -> dict[str, Node]:
    return {name: canvas_node(workload.canvas) for name, workload in workloads.items()}


def _thresholds(data: Mapping[str, Any]) -> dict[str, tuple[tuple[Path, str], ...]]:
    return {
        key: tuple(_texts(key, checks) if isinstance(checks, list) else ())
        for key, checks in _mapping(data, "thresholds").items()
    }


def _texts(key: str, checks: list[Any]) -> list[tuple[Path, str]]:
    found: list[tuple[Path, str]] = []
    for position, check in enumerate(checks):
        path: Path = ("thresholds", key, position)
        if isinstance(check, dict):
            check, path = check.get("threshold"), (*path, "threshold")
        if isinstance(check, str) and 0 < len(check) <= 200:
            found.append((path, check))
    return found
