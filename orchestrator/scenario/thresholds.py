"""Thresholds: k6's `<aggregation> <operator> <value>`, and metric names with tags."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast, get_args

from orchestrator.records import Aggregation, Operator
from orchestrator.scenario.metrics import AGGREGATIONS, METRICS, Metric
from orchestrator.scenario.quantities import NUMBER, duration_s, rate_per_s, shown, size_bytes
from orchestrator.scenario.suggestions import did_you_mean, listed

_KEY = re.compile(r"\s*([^{}\s]+)\s*(?:\{([^{}]*)\})?\s*")
_EXPRESSION = re.compile(r"\s*([A-Za-z_]+)\s*(?:\(\s*([^()]*?)\s*\))?\s*([<>=!]+)\s*(\S+)\s*")
_NUMBER = re.compile(rf"{NUMBER}(?:[eE][-+]?[0-9]{{1,2}})?")
_SHAPE = "write <aggregation> <operator> <value>, for example"
_EXAMPLES = {
    "trend": "p(95)<500ms",
    "counter": "count==0",
    "ratio": "rate>0.99",
    "throughput": "rate>50/s",
    "gauge": "max<100",
}


@dataclass(frozen=True, slots=True)
class Expression:
    """What was parsed; `limit` is in the metric's own unit."""

    aggregation: Aggregation
    percentile: float | None
    operator: Operator
    limit: float


def parse_key(key: str, metrics: Mapping[str, Metric] = METRICS) -> tuple[Metric, dict[str, str]]:
    """`task_duration{task:add,queue:add}` -> the metric, one of `metrics`, and the tags. ValueError
    says what is wrong."""
    match = _KEY.fullmatch(key)
    if match is None:
        raise ValueError(
            f"{shown(key)} is not a metric: write metric or metric{{tag:value,tag:value}}"
        )
    metric = metrics.get(match[1])
    if metric is None:
        hint = did_you_mean(match[1], metrics)
        raise ValueError(f"{shown(match[1])} is not a metric{hint or f': {listed(metrics)}'}")
    return metric, dict(_tags(match[2]))


def _tags(text: str | None) -> list[tuple[str, str]]:
    tags: list[tuple[str, str]] = []
    for pair in text.split(",") if text is not None else ():
        name, colon, value = (part.strip() for part in pair.partition(":"))
        if not (name and colon and value):
            raise ValueError(f"{shown(pair)} is not a tag: write metric{{tag:value,tag:value}}")
        if name in dict(tags):
            raise ValueError(f"the tag {name} is here twice")
        tags.append((name, value))
    return tags


def parse_expression(metric: Metric, text: str) -> Expression:
    """A check of `metric`. ValueError says what is wrong and how to write it."""
    match = _EXPRESSION.fullmatch(text)
    if match is None:
        raise ValueError(f"{shown(text)} is not a check: {_SHAPE} {_EXAMPLES[metric.kind]}")
    aggregation, percentile = parse_aggregation(metric, match[1], match[2])
    if match[3] not in get_args(Operator):
        raise ValueError(f"{shown(match[3])} is not an operator: {listed(get_args(Operator))}")
    operator = cast(Operator, match[3])
    return Expression(aggregation, percentile, operator, _limit(metric, aggregation, match[4]))


def parse_aggregation(
    metric: Metric, name: str, argument: str | None
) -> tuple[Aggregation, float | None]:
    """`p` and `95` -> an aggregation that `metric` has, and the percentile. ValueError says which
    it has."""
    accepted = AGGREGATIONS[metric.kind]
    words = listed("p(N)" if word == "p" else word for word in accepted)
    if name not in accepted:
        hint = did_you_mean(name, accepted)
        raise ValueError(f"{metric.name} has no {shown(name)}{hint}: it has {words}")
    if name != "p":
        if argument is not None:
            raise ValueError(f"{name} takes nothing in brackets")
        return cast(Aggregation, name), None
    if not argument or not re.fullmatch(NUMBER, argument) or float(argument) > 100:
        raise ValueError("a percentile is from 0 to 100: write for example p(95)")
    return "p", float(argument)


def _limit(metric: Metric, aggregation: Aggregation, text: str) -> float:
    bare = _NUMBER.fullmatch(text)
    if metric.unit == "ms":
        return float(text) if bare else duration_s(text) * 1000
    if metric.unit == "per second" or (aggregation == "rate" and metric.kind == "counter"):
        return float(text) if bare else rate_per_s(text)
    if metric.unit == "ratio":
        return _ratio(metric, text)
    if bare:
        return float(text)
    if metric.unit == "bytes":
        return float(size_bytes(text))
    raise ValueError(f"{shown(text)} is not a number")


def _ratio(metric: Metric, text: str) -> float:
    number = text.removesuffix("%")
    if not _NUMBER.fullmatch(number):
        raise ValueError(f"{shown(text)} is not a ratio: write for example 0.99 or 99%")
    ratio = float(number) / 100 if number != text else float(number)
    if metric.kind == "ratio" and ratio > 1:
        raise ValueError(
            f"{shown(text)} is more than all: a ratio is from 0 to 1, or from 0% to 100%"
        )
    return ratio
