"""What the scenario had in mind for which moment: the warm-up, the phases of the workloads, the
faults."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from orchestrator.scenario.quantities import duration_s


def marks(scenario: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Bands (``from_s`` to ``to_s``) and moments (``from_s`` alone), for every chart over time."""
    found: list[dict[str, Any]] = []
    if warmup_s := _seconds(scenario.get("warmup")):
        found.append({"kind": "warmup", "label": "warm-up", "from_s": 0.0, "to_s": warmup_s})
    for name, workload in _mapping(scenario.get("workloads")).items():
        found.extend(_phases(name, _mapping(workload)))
    for fault in scenario.get("faults") or ():
        fault = _mapping(fault)
        at_s = _seconds(fault.get("at"))
        if at_s is not None:
            words = (str(fault.get(key) or "") for key in ("kind", "worker"))
            label = " ".join(word for word in words if word)
            found.append({"kind": "fault", "label": label, "from_s": at_s, "to_s": None})
    return found


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
