"""Questions to what was measured: one number for a metric, an aggregation, a selector and a
window."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from orchestrator.judge.folds import Point, of_gauge, of_trend
from orchestrator.judge.histogram import Distribution
from orchestrator.judge.metrics import (
    CHORD_COUNTERS,
    COMPLETED,
    COUNTER_OF,
    COUNTERS,
    GAUGES,
    RATES,
    TRENDS,
    Cell,
    Labels,
    Metrics,
)
from orchestrator.records import Aggregation, Sample, Trend

NS_PER_S = 1_000_000_000
EVERYTHING: Mapping[str, str] = {}
_COUNTED = frozenset((*COUNTERS, *CHORD_COUNTERS))
_ERRORS = tuple(counter for verdict, counter in COUNTER_OF.items() if verdict != "ok")


@dataclass(frozen=True, slots=True)
class View:
    """What was measured, over ``measured_s`` seconds (the warm-up left out).

    ``until_ns`` is where windows end; 0 means the latest moment that was seen.
    """

    metrics: Metrics
    measured_s: float
    until_ns: int = 0

    def observe(
        self,
        metric: str,
        aggregation: Aggregation,
        percent: float | None = None,
        selector: Mapping[str, str] = EVERYTHING,
        window_s: float | None = None,
    ) -> float | None:
        """One number in the metric's own unit (ms, a count, a ratio, per second, bytes), or None
        when nothing was measured. Raises ValueError for an aggregation that the metric does not
        have."""
        if metric in TRENDS:
            found = self._distribution(metric, selector, window_s)
            return of_trend(found, metric, aggregation, percent)
        if metric in GAUGES:
            points = self._gauge(metric, selector, window_s, tail=aggregation == "slope")
            return of_gauge(points, metric, aggregation)
        return self._count_or_rate(metric, aggregation, selector, window_s)

    def trend(self, metric: str, selector: Mapping[str, str] = EVERYTHING) -> Trend:
        """The whole distribution of one trend."""
        return self._distribution(metric, selector, None).trend()

    def count(
        self, event: str, selector: Mapping[str, str] = EVERYTHING, window_s: float | None = None
    ) -> int:
        """How often it happened, the warm-up included. Dropped iterations know no time: a window
        does not narrow them."""
        if event == "dropped_iterations":
            return sum(
                count
                for workload, count in self.metrics.dropped.items()
                if selector.get("workload", workload) == workload
            )
        since_ns = self._since(window_s)
        return sum(
            cell.events[event].since(since_ns)
            for cell in self._cells(selector)
            if event in cell.events
        )

    def rate(
        self, name: str, selector: Mapping[str, str] = EVERYTHING, window_s: float | None = None
    ) -> float | None:
        """``throughput``, ``offered_rate``, ``drain_rate`` (per second), ``verified`` or ``errors``
        (ratio)."""
        if name in ("verified", "errors"):
            ok = self.count("tasks_succeeded", selector, window_s)
            bad = sum(self.count(event, selector, window_s) for event in _ERRORS)
            return (ok if name == "verified" else bad) / (ok + bad) if ok + bad else None
        if name == "drain_rate":
            return self._drained(selector)
        if not self._per_second("tasks_sent", selector, None):
            return None
        if name == "throughput":
            return self._per_second(COMPLETED, selector, window_s)
        return self._offered(selector, window_s)

    # ---- how ----

    def _count_or_rate(
        self,
        metric: str,
        aggregation: Aggregation,
        selector: Mapping[str, str],
        window_s: float | None,
    ) -> float | None:
        if metric in RATES and aggregation in ("rate", "value"):
            return self.rate(metric, selector, window_s)
        if metric in _COUNTED and aggregation in ("count", "value"):
            return self.count(metric, selector, window_s)
        if metric in _COUNTED and aggregation == "rate":
            return self._per_second(metric, selector, window_s)
        raise ValueError(f"{metric} has no aggregation {aggregation}")

    def _per_second(self, event: str, selector: Mapping[str, str], window_s: float | None) -> float:
        if window_s is not None:
            span_s = min(window_s, self.measured_s) if self.measured_s > 0 else window_s
            return self.count(event, selector, window_s) / span_s
        if self.measured_s <= 0:
            return 0.0
        if event == "dropped_iterations":
            return self.count(event, selector) / self.measured_s
        cells = (cell.events.get(event) for cell in self._cells(selector))
        return sum(events.measured for events in cells if events) / self.measured_s

    def _offered(self, selector: Mapping[str, str], window_s: float | None) -> float:
        """Tasks that were intended, over the time in which their workloads offered them: those that
        were sent, and those of dropped iterations, taken to be as large as the workload's
        others."""
        workloads = {cell.labels.workload for cell in self._cells(selector)}
        span_s = self.metrics.offered_s(workloads) or self.measured_s
        scale = self.measured_s / span_s if span_s and window_s is None else 1.0
        total = 0.0
        for workload in workloads:
            sent = self._per_second("tasks_sent", {**selector, "workload": workload}, window_s)
            started = self.metrics.measured_iterations.get(workload, 0)
            dropped = 0 if window_s else self.metrics.dropped.get(workload, 0)
            total += sent * (started + dropped) / started if started else sent
        return total * scale

    def _drained(self, selector: Mapping[str, str]) -> float | None:
        """Iterations per second of the backlogs; None when none was drained."""
        wanted = selector.get("workload")
        drains = self.metrics.drains
        found = [drain for name, drain in drains.items() if wanted in (None, name)]
        return sum(drain.rate_per_s for drain in found) if found else None

    def _cells(self, selector: Mapping[str, str]) -> Iterable[Cell]:
        cells = self.metrics.cells.values()
        return (cell for cell in cells if cell.labels.match(selector)) if selector else cells

    def _distribution(
        self, metric: str, selector: Mapping[str, str], window_s: float | None
    ) -> Distribution:
        since_ns = self._since(window_s)
        whole = Distribution()
        for cell in self._cells(selector):
            if (series := cell.trends.get(metric)) is not None:
                whole.merge(series.all if since_ns is None else series.since(since_ns))
        return whole

    def _since(self, window_s: float | None) -> int | None:
        if window_s is None:
            return None
        return (self.until_ns or self.metrics.last_ns) - round(window_s * NS_PER_S)

    def _gauge(
        self, metric: str, selector: Mapping[str, str], window_s: float | None, *, tail: bool
    ) -> list[Point]:
        """The samples of a gauge; ``tail``: of the last third of the run, without a window."""
        samples = self.metrics.samples
        if window_s is None and tail and samples:
            window_s = (samples[-1].at_s - samples[0].at_s) / 3
        if window_s is not None and samples:
            since_s = samples[-1].at_s - window_s
            samples = [sample for sample in samples if sample.at_s >= since_s]
        read = _GAUGE_PARTS[metric]
        wanted = selector.get("queue" if metric == "backlog" else "pool")
        found: list[Point] = []
        for sample in samples:
            parts = read(sample)
            if wanted is None:
                if parts:  # else it is not known
                    found.append((sample.at_s, sum(parts.values())))
            elif wanted in parts:
                found.append((sample.at_s, parts[wanted]))
        return found


_GAUGE_PARTS: Mapping[str, Callable[[Sample], Mapping[str, float]]] = {
    "backlog": lambda sample: sample.backlog,
    "worker_cpu_ratio": lambda sample: {name: use[0] for name, use in sample.pools.items()},
    "worker_rss_bytes": lambda sample: {name: use[1] for name, use in sample.pools.items()},
}


def label_values(cells: Iterable[Labels], name: str) -> list[str]:
    """The values of one label, sorted, the empty one left out."""
    return sorted({getattr(labels, name) for labels in cells} - {""})
