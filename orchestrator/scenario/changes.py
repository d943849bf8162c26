"""`--fail-if`: `<metric> <aggregation> <operator> <change>`, a check of how two runs differ."""

import re
from collections.abc import Mapping
from typing import cast, get_args

from orchestrator.records import Aggregation, ChangeOperator, FailIf, FigureKey
from orchestrator.scenario.metrics import METRICS, Metric, MetricKind
from orchestrator.scenario.quantities import NUMBER, duration_s, rate_per_s, shown, size_bytes
from orchestrator.scenario.suggestions import listed
from orchestrator.scenario.thresholds import parse_aggregation, parse_key

STORED_PERCENTILES = (50, 75, 90, 95, 99, 99.9)
"""Those that `summary.json` has of each trend."""
CPU = "worker_cpu_s_per_1000_tasks"
_CPU = Metric(CPU, "gauge", "count", ("pool",), "CPU seconds of the workers for 1000 tasks.")
_GAUGES: Mapping[str, tuple[Aggregation, ...]] = {"worker_rss_bytes": ("max",), CPU: ("value",)}
COMPARED: Mapping[str, Metric] = {
    **{
        name: metric
        for name, metric in METRICS.items()
        if metric.kind != "gauge" or name in _GAUGES
    },
    CPU: _CPU,
}
"""What two runs can be compared by: what `summary.json` has of each."""

_TAGGED: Mapping[str, tuple[str, ...]] = {
    "trend": ("workload", "task", "queue"),
    "throughput": ("workload",),
    "gauge": ("pool",),
}
_DEFAULTS: Mapping[MetricKind, Aggregation] = {
    "counter": "count",
    "ratio": "rate",
    "throughput": "rate",
}
_WHOLE = re.compile(
    r"\s*([^<>=!{}\s]+(?:\{[^{}]*\})?)"
    r"\s*(?:([A-Za-z_]+)\s*(?:\(\s*([^()]*?)\s*\))?)?"
    r"\s*([<>=!]+)\s*(\S+)\s*"
)
_CHANGE = re.compile(rf"([+-]?)({NUMBER})(\S*)")
_SHAPE = (
    "write <metric> <aggregation> <operator> <change>, for example throughput<-10% or "
    "'task_duration p(95)>+15%'"
)


def parse_fail_if(text: str) -> FailIf:
    """A change that must not be. ValueError says what is wrong and how to write it."""
    match = _WHOLE.fullmatch(text)
    if match is None:
        raise ValueError(f"{shown(text)} is not a check of a change: {_SHAPE}")
    metric, tags = parse_key(match[1], COMPARED)
    aggregation, percentile = _aggregation(metric, match[2], match[3])
    if match[4] not in get_args(ChangeOperator):
        accepted = listed(get_args(ChangeOperator))
        raise ValueError(f"{shown(match[4])} is not an operator for a change: {accepted}")
    change, relative = _change(metric, match[5])
    return FailIf(
        text=text,
        figure=FigureKey(metric.name, aggregation, percentile, _tag(metric, tags)),
        operator=cast(ChangeOperator, match[4]),
        change=change,
        relative=relative,
    )


def _aggregation(
    metric: Metric, name: str | None, argument: str | None
) -> tuple[Aggregation, float | None]:
    default = _GAUGES[metric.name][0] if metric.kind == "gauge" else _DEFAULTS.get(metric.kind)
    if name is None:
        if default is None:
            raise ValueError(
                f"say what of {metric.name}: avg, min, med, max or p(95), for example "
                f"'{metric.name} p(95)>+15%'"
            )
        return default, None
    if default is not None:
        if name != default or argument is not None:
            raise ValueError(f"of {metric.name} only its {default} is compared, not {shown(name)}")
        return default, None
    aggregation, percentile = parse_aggregation(metric, name, argument)
    if percentile is not None and percentile not in STORED_PERCENTILES:
        known = listed(f"p({each:g})" for each in STORED_PERCENTILES)
        raise ValueError(f"p({percentile:g}) is not in summary.json: it has {known}")
    return ("p", 50.0) if aggregation == "med" else (aggregation, percentile)


def _tag(metric: Metric, tags: Mapping[str, str]) -> tuple[str, str] | None:
    known = tuple(name for name in _TAGGED.get(metric.kind, ()) if name in metric.tags) or (
        ("workload",) if metric.name == "dropped_iterations" else ()
    )
    for name in tags:
        if name not in known:
            has = f"it has {listed(known)}" if known else "it has no tags here"
            raise ValueError(f"{metric.name} is not compared by {shown(name)}: {has}")
    if len(tags) > 1:
        raise ValueError(f"{metric.name} is compared by one tag at a time: {listed(known)}")
    return next(iter(tags.items()), None)


def _change(metric: Metric, text: str) -> tuple[float, bool]:
    """A ratio and True, or a number in the metric's unit and False."""
    match = _CHANGE.fullmatch(text)
    if match is None:
        raise ValueError(f"{shown(text)} is not a change: write for example +15% or -10%")
    sign, number, unit = match.groups()
    if not sign and float(number):
        raise ValueError(f"a change has a sign: write +{match[0]} or -{match[0]}")
    factor = -1.0 if sign == "-" else 1.0
    if unit == "%":
        ratio = factor * float(number) / 100
        if ratio <= -1 and metric.kind != "ratio":
            raise ValueError(f"{shown(text)} is more than all: nothing falls by more than 100 %")
        # Of a ratio, which is a percentage already, a change is in points of it.
        return ratio, metric.kind != "ratio"
    return factor * _absolute(metric, number + unit), False


def _absolute(metric: Metric, text: str) -> float:
    if re.fullmatch(NUMBER, text):
        return float(text)
    if metric.unit == "ms":
        return duration_s(text) * 1000
    if metric.unit == "per second":
        return rate_per_s(text)
    if metric.unit == "bytes":
        return float(size_bytes(text))
    raise ValueError(f"{shown(text)} is not a number or a percentage")
