"""The figures that a stored summary has: which of them decide, which say where to look, and what
each is."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from orchestrator.comparison.sides import StoredSummary
from orchestrator.errors import UsageError
from orchestrator.records import FigureKey
from orchestrator.report.summary import RATE_KEYS
from orchestrator.scenario.changes import CPU
from orchestrator.scenario.metrics import METRICS
from orchestrator.scenario.suggestions import did_you_mean, listed

HEADLINE = (
    FigureKey("throughput", "rate"),
    FigureKey("task_duration", "p", 50.0),
    FigureKey("task_duration", "p", 95.0),
    FigureKey("run", "p", 50.0),
    FigureKey(CPU, "value"),
    FigureKey("worker_rss_bytes", "max"),
)
"""What decides whether there is a difference: few, because each more is one more chance of a false
alarm."""

PERCENTS = (50.0, 95.0, 99.0)
GAPS = ("schedule_lag", "publish", "queue_wait", "prefetch_wait", "run", "result_lag")
_PARTS: Mapping[str, str] = {"task": "by_task", "queue": "by_queue", "pool": "by_pool"}
_STATISTICS: Mapping[str, str] = {"avg": "avg_ms", "min": "min_ms", "max": "max_ms"}


def value(summary: Mapping[str, Any], key: FigureKey) -> float | None:
    """What a run's summary has of a figure, in the unit of its metric; None when nothing was
    measured."""
    if METRICS.get(key.metric) is not None and METRICS[key.metric].kind == "trend":
        return _trend(summary, key)
    if key.metric == CPU:
        return _cpu_s_per_1000(_workers(summary, key))
    if key.metric == "worker_rss_bytes":
        sizes = [each["rss_max_bytes"] for each in _workers(summary, key)]
        return float(sum(sizes)) if sizes and None not in sizes else None
    if key.metric in summary["counters"]:
        return _counter(summary, key)
    return _rate(summary, key)


def details(runs: Sequence[StoredSummary]) -> tuple[FigureKey, ...]:
    """The figures that say where a difference comes from: only those that some run has, and of a
    part of the run only where there are several."""
    keys = [
        *_trends("task_duration", None, PERCENTS),
        *_trends("canvas_duration", None, PERCENTS),
        *(key for gap in GAPS for key in _trends(gap, None, PERCENTS)),
        *_trends("chord_join", None, PERCENTS),
        *_parts(runs),
    ]
    wanted = (key for key in keys if key not in HEADLINE)
    return tuple(key for key in wanted if any(value(run.summary, key) for run in runs))


def resolved(key: FigureKey, runs: Sequence[StoredSummary]) -> FigureKey:
    """``key`` with its tag's value as the runs have it: a task may be named by the last part of its
    name. Raises `UsageError` when no run has it."""
    if key.tag is None:
        return key
    name, wanted = key.tag
    known = list(dict.fromkeys(each for run in runs for each in _values(run.summary, name)))
    fitting = [each for each in known if wanted in (each, each.rpartition(".")[2])]
    exact = [each for each in fitting if each == wanted] or fitting
    if len(exact) > 1:
        raise UsageError(f"the runs have several of {name} {wanted!r}: {listed(exact)}")
    if not exact:
        hint = did_you_mean(wanted, known) or f": {listed(known) or 'none'}"
        raise UsageError(f"the runs have no {name} {wanted!r}{hint}")
    return FigureKey(key.metric, key.aggregation, key.percentile, (name, exact[0]))


def _trends(
    metric: str, tag: tuple[str, str] | None, percents: Iterable[float]
) -> Iterator[FigureKey]:
    return (FigureKey(metric, "p", percent, tag) for percent in percents)


def _parts(runs: Sequence[StoredSummary]) -> Iterator[FigureKey]:
    names = {
        part: list(dict.fromkeys(each for run in runs for each in _values(run.summary, part)))
        for part in ("workload", "task", "pool")
    }
    for workload in names["workload"]:
        yield FigureKey("drain_rate", "rate", tag=("workload", workload))
        if len(names["workload"]) > 1:
            yield FigureKey("throughput", "rate", tag=("workload", workload))
            yield from _trends("canvas_duration", ("workload", workload), PERCENTS[:2])
    if len(names["task"]) > 1:
        for task in names["task"]:
            yield from _trends("task_duration", ("task", task), PERCENTS[:2])
            yield from _trends("run", ("task", task), PERCENTS[:2])
    if len(names["pool"]) > 1:
        for pool in names["pool"]:
            yield FigureKey(CPU, "value", tag=("pool", pool))
            yield FigureKey("worker_rss_bytes", "max", tag=("pool", pool))


def _values(summary: Mapping[str, Any], tag: str) -> list[str]:
    part = {"workload": "workloads", "pool": "workers"}.get(tag) or _PARTS[tag]
    return list(summary[part])


def _trend(summary: Mapping[str, Any], key: FigureKey) -> float | None:
    if key.tag is None:
        trends = summary["metrics"]
    elif key.tag[0] == "workload":
        trends = summary["workloads"].get(key.tag[1], {}).get("metrics", {})
    else:
        trends = summary[_PARTS[key.tag[0]]].get(key.tag[1], {})
    trend = trends.get(key.metric)
    if not trend or not trend["count"]:
        return None
    if key.percentile is None:
        return _number(trend[_STATISTICS[key.aggregation]])
    return _number(trend[f"p{key.percentile:g}_ms".replace(".", "_")])


def _number(found: Any) -> float | None:
    return None if found is None else float(found)


def _workers(summary: Mapping[str, Any], key: FigureKey) -> list[Mapping[str, Any]]:
    workers = summary["workers"]
    wanted = None if key.tag is None else key.tag[1]
    return [each for name, each in workers.items() if wanted in (None, name)]


def _cpu_s_per_1000(workers: Sequence[Mapping[str, Any]]) -> float | None:
    tasks = sum(each["tasks"] for each in workers)
    spent = [each["cpu_s"] for each in workers if each["cpu_s"] is not None]
    return sum(spent) / tasks * 1000 if spent and tasks else None


def _counter(summary: Mapping[str, Any], key: FigureKey) -> float | None:
    if key.tag is None:
        return float(summary["counters"][key.metric])
    workload = summary["workloads"].get(key.tag[1])
    return None if workload is None else float(workload[key.metric])


def _rate(summary: Mapping[str, Any], key: FigureKey) -> float | None:
    name = RATE_KEYS.get(key.metric, key.metric)
    if key.tag is None:
        return _number(summary["rates"].get(name))
    workload = summary["workloads"].get(key.tag[1], {})
    if key.metric == "drain_rate":
        return _number(workload.get("drain", {}).get("rate_per_s"))
    return _number(workload.get(name))
