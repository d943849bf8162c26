"""Families of metrics for the OpenMetrics text, made of plain numbers.

A label's value is on one line and bounded; values whose labels come out the same are added up (of
counters) or replaced (of gauges), since a series may stand in the text only once."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import TypeVar

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.registry import Collector

from orchestrator.judge.wording import clip

LABEL_LIMIT = 200
BUCKETS_S = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0,
)  # fmt: skip
"""Upper bounds of the histograms' buckets, in seconds; the last one is infinite."""
Key = TypeVar("Key", bound=tuple[str, ...])
"""The values of the labels. What has None by it is left out."""


class _Fixed(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = tuple(families)

    def collect(self) -> Iterable[Metric]:
        return self._families


def exposition(families: Iterable[Metric]) -> str:
    """The OpenMetrics text of ``families``; one without samples is left out."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Fixed(family for family in families if family.samples))
    text: bytes = generate_latest(registry)  # type: ignore[no-untyped-call]
    return text.decode()


def counter(
    name: str, text: str, labels: Sequence[str], values: Mapping[Key, float | None]
) -> Metric:
    """``name`` is without its ``_total``."""
    family = CounterMetricFamily(name, text, labels=labels)
    total: dict[tuple[str, ...], float] = {}
    for key, value in values.items():
        if value is not None:
            shown = _labels(key)
            total[shown] = total.get(shown, 0) + value
    for shown, value in total.items():
        family.add_metric(shown, value)
    return family


def gauge(
    name: str, text: str, labels: Sequence[str], values: Mapping[Key, float | None]
) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    shown = {_labels(key): value for key, value in values.items() if value is not None}
    for key, value in shown.items():
        family.add_metric(key, value)
    return family


def one(name: str, text: str, value: float | None) -> Metric:
    """A gauge without labels."""
    return gauge(name, text, (), {(): value})


def info(name: str, text: str, about: Mapping[str, str]) -> Metric:
    """``name`` is without its ``_info``."""
    shown = {key: clip(value, LABEL_LIMIT) for key, value in about.items()}
    return InfoMetricFamily(name, text, value=shown)


def summary(
    name: str, text: str, quantiles: Mapping[str, float], count: int | None, total: float | None
) -> Metric:
    """Quantiles as they are; without a ``count`` it is a gauge, since a summary would have one."""
    if count is None or total is None:
        return gauge(name, text, ["quantile"], {(key,): value for key, value in quantiles.items()})
    family = SummaryMetricFamily(name, text, count_value=count, sum_value=total)
    for quantile, value in quantiles.items():
        family.add_sample(name, {"quantile": quantile}, value)
    return family


class Histogram:
    """Durations in seconds, counted in `BUCKETS_S`."""

    __slots__ = ("_counts", "_total_s")

    def __init__(self) -> None:
        self._counts = [0] * (len(BUCKETS_S) + 1)
        self._total_s = 0.0

    def add(self, seconds: float) -> None:
        self._counts[bisect_left(BUCKETS_S, seconds)] += 1
        self._total_s += seconds

    @property
    def buckets(self) -> list[tuple[str, float]]:
        """How many are at or below each bound."""
        bounds = (*(f"{bound:g}" for bound in BUCKETS_S), "+Inf")
        return list(zip(bounds, accumulate(self._counts), strict=True))

    @property
    def total_s(self) -> float:
        return self._total_s


def histograms(
    name: str, text: str, labels: Sequence[str], found: Mapping[Key, Histogram]
) -> Metric:
    family = HistogramMetricFamily(name, text, labels=labels)
    for key, each in found.items():
        family.add_metric(_labels(key), each.buckets, each.total_s)
    return family


def _labels(key: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(clip(value, LABEL_LIMIT) for value in key)
