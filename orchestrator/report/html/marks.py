"""What was meant for which moment, the warm-up and the phases of the workloads, and when faults
struck."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from orchestrator.report.fault_table import fault_name
from orchestrator.scenario.quantities import duration_s

SHORTEST_S = 0.05
"""A band that is shorter is drawn as a moment."""


def marks(
    scenario: Mapping[str, Any], faults: Iterable[Mapping[str, Any]] = ()
) -> list[dict[str, Any]]:
    """Bands (``from_s`` to ``to_s``) and moments (``from_s`` alone), for every chart over time.
    ``faults`` are those of ``summary.json``."""
    found: list[dict[str, Any]] = []
    if warmup_s := _seconds(scenario.get("warmup")):
        found.append({"kind": "warmup", "label": "warm-up", "from_s": 0.0, "to_s": warmup_s})
    for name, workload in _mapping(scenario.get("workloads")).items():
        found.extend(_phases(name, _mapping(workload)))
    found.extend(_fault(fault) for fault in faults if fault["struck_s"] is not None)
    return found


def _fault(fault: Mapping[str, Any]) -> dict[str, Any]:
    """A band from its strike to its end, if it had one that can be told from its strike."""
    from_s, to_s = fault["struck_s"], fault["ended_s"]
    if to_s is not None and to_s - from_s < SHORTEST_S:
        to_s = None
    return {"kind": "fault", "label": fault_name(fault), "from_s": from_s, "to_s": to_s}


def _phases(name: str, workload: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Where a workload begins, and each of its stages after the first; one that goes from the start
    to the end has nothing to mark."""
    at_s = _seconds(workload.get("start_time")) or 0.0
    if at_s:
        yield {"kind": "phase", "label": f"{name} begins", "from_s": at_s, "to_s": None}
    stages = [_mapping(stage) for stage in workload.get("stages") or ()]
    for stage, following in pairwise(stages):
        at_s += _seconds(stage.get("duration")) or 0.0
        label = f"{name} to {following.get('target')}"
        yield {"kind": "phase", "label": label, "from_s": at_s, "to_s": None}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _seconds(value: Any) -> float | None:
    try:
        return duration_s(value) if isinstance(value, str) else None
    except ValueError:
        return None
