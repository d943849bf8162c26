"""Can BASE and HEAD be compared at all? What they must share, and what may differ."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from orchestrator.comparison.sides import Side, StoredSummary
from orchestrator.judge.wording import brief
from orchestrator.records import EnvironmentChange, Mismatch

NO_LOAD = frozenset({"name", "description", "thresholds", "repeats", "matrix"})
"""Keys of a scenario that change neither the load nor what it runs on."""
MEMORY_SHARE = 0.05
"""By which the memory of one machine may differ from a boot to the next."""
MOST_SHOWN = 8
_ABSENT = "nothing"


def mismatches(base: Side, head: Side) -> tuple[Mismatch, ...]:
    """Why they cannot be compared as they are: none when they can."""
    varied = base.varied | head.varied
    sides = {"BASE": base, "HEAD": head}
    found = [
        *(each for name, side in sides.items() for each in _within(name, side)),
        *_scenarios(base.runs[0], head.runs[0], varied),
        *_hosts(base, head),
        *(each for name, side in sides.items() for each in _partial(name, side)),
    ]
    return tuple(found)


def environment_changes(base: Side, head: Side) -> tuple[EnvironmentChange, ...]:
    """What ran where, as far as the sides differ in it: it may be just what is being compared."""
    before, after = (_versions(side.runs) for side in (base, head))
    return tuple(
        EnvironmentChange(name, before.get(name, _ABSENT), after.get(name, _ABSENT))
        for name in {**before, **after}
        if before.get(name) != after.get(name)
    )


def _within(name: str, side: Side) -> Iterator[Mismatch]:
    for run in side.runs[1:]:
        if different := _different(side.runs[0], run):
            where = f"the runs of {name} are not of one scenario: {run.place} has"
            yield Mismatch("scenario", f"{where} {_few(different.values())}")
            return


def _scenarios(
    base: StoredSummary, head: StoredSummary, varied: frozenset[str]
) -> Iterator[Mismatch]:
    different = [
        change
        for key, change in _different(base, head).items()
        if not any(key == name or key.startswith(f"{name}.") for name in varied)
    ]
    if different:
        shown = _few(different)
        yield Mismatch("scenario", f"HEAD ran another scenario than BASE: {shown}")


def _different(base: StoredSummary, head: StoredSummary) -> dict[str, str]:
    """By the key of each difference, what it is in words."""
    before, after = (dict(_load_leaves(run.summary["scenario"])) for run in (base, head))
    return {
        key: f"{key}: {_shown(before, key)} -> {_shown(after, key)}"
        for key in {**before, **after}
        if key not in before or key not in after or before[key] != after[key]
    }


def _load_leaves(scenario: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, below in scenario.items():
        if key not in NO_LOAD:
            yield from _leaves(str(key), below)


def _leaves(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for name, below in value.items():
            yield from _leaves(f"{key}.{name}", below)
    elif isinstance(value, list) and value:
        for index, below in enumerate(value):
            yield from _leaves(f"{key}.{index}", below)
    else:
        yield key, value


def _shown(leaves: Mapping[str, Any], key: str) -> str:
    return brief(leaves[key], 40) if key in leaves else _ABSENT


def _few(different: Iterable[str]) -> str:
    each = list(different)
    more = f" and {len(each) - MOST_SHOWN} more" if len(each) > MOST_SHOWN else ""
    return "; ".join(each[:MOST_SHOWN]) + more


def _hosts(base: Side, head: Side) -> Iterator[Mismatch]:
    first = base.runs[0].summary["environment"]["host"]
    for what, side in (("the runs of BASE", base), ("BASE and HEAD", head)):
        for run in side.runs:
            if different := _other_host(first, run.summary["environment"]["host"]):
                yield Mismatch("host", f"{what} ran on different machines: {different}")
                return


def _other_host(first: Mapping[str, Any], other: Mapping[str, Any]) -> str | None:
    if first.get("cpus") != other.get("cpus"):
        return f"{first.get('cpus')} processors -> {other.get('cpus')}"
    sizes = [float(host.get("memory_bytes") or 0) for host in (first, other)]
    if abs(sizes[0] - sizes[1]) > MEMORY_SHARE * max(sizes):
        return "memory " + " -> ".join(f"{size / 1024**3:.1f} GiB" for size in sizes)
    return None


def _partial(name: str, side: Side) -> Iterator[Mismatch]:
    partial = [run for run in side.runs if run.summary["run"].get("partial")]
    if partial:
        why = partial[0].summary["run"].get("stopped_by") or "it did not end by itself"
        counted = f"{len(partial)} of {len(side.runs)} runs" if len(side.runs) > 1 else "the run"
        yield Mismatch("partial", f"{counted} of {name} is partial: {partial[0].place}: {why}")


def _versions(runs: Sequence[StoredSummary]) -> dict[str, str]:
    """By name; several versions in the runs of one side are all named."""
    found: dict[str, dict[str, None]] = {}
    for run in runs:
        for name, value in _of_environment(run.summary["environment"]):
            found.setdefault(name, {})[value] = None
    return {name: ", ".join(values) for name, values in found.items()}


def _of_environment(environment: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in environment.items():
        if isinstance(value, str):
            yield name.replace("_", " "), value
    broker = environment.get("broker") or {}
    yield "broker", f"{broker.get('kind')} {broker.get('version')}"
