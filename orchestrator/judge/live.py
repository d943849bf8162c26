"""How the run stands while it works, for next to nothing.

Counts are kept by the ledger anyway. Percentiles, and the thresholds on trends, come from at most
`SAMPLE` tasks of each second, so that they cost the same whatever the load is. A threshold that
needs the whole run (lost tasks, say) is left open until its end."""

from array import array
from collections import deque
from collections.abc import Callable, Mapping
from math import ceil

import anyio.lowlevel

from orchestrator.judge.ledger import Ledger
from orchestrator.judge.metrics import GAUGES, TRENDS, Metrics
from orchestrator.judge.thresholds import COMPARE, metric_with_tags
from orchestrator.judge.view import View
from orchestrator.load.schedule import target_per_s, time_left_s
from orchestrator.observe.timeline_context import TimelineContext
from orchestrator.records import Live, LiveThreshold, Plan, Sample, Threshold, Trend

SAMPLE = 50
"""Tasks a second that are looked at closely; `benchmarks.live_cost` says what that costs."""
BREATH = 8
"""Of these, how many without a pause."""
RATE_OVER_S = 2.0


class LiveFigures:
    """Call `second` with each sample, and `now` as often as a picture is wanted."""

    def __init__(self, plan: Plan, ledger: Ledger, context: Callable[[], TimelineContext]) -> None:
        self._plan = plan
        self._ledger = ledger
        self._context = context
        windows = (threshold.window_s or 0.0 for threshold in plan.thresholds)
        self._metrics = Metrics(window_s=max(windows, default=0.0))
        self._trend = Trend(0)
        self._thresholds: tuple[LiveThreshold, ...] = ()
        self._sample: Sample | None = None
        self._before: deque[tuple[float, int, int]] = deque([(0.0, 0, 0)])
        self._rows = array("I")
        ledger.timeline.recent = array("I")

    async def second(self, sample: Sample) -> None:
        """Take in the sample of a second, and what ended in the second before it: what the workers
        say of a task may come later than its result. The load goes on meanwhile."""
        self._sample = sample
        self._metrics.add_sample(sample)
        rows, self._rows = self._rows, self._ledger.timeline.recent or array("I")
        self._ledger.timeline.recent = array("I")
        step = max(1, ceil(len(rows) / SAMPLE))
        outcomes = self._ledger.timeline.some(
            rows[::step], self._context(), measured_from_ns=self._ledger.measured_from_ns
        )
        for number, outcome in enumerate(outcomes):
            if number % BREATH == 0:
                await anyio.lowlevel.checkpoint()
            self._metrics.add(outcome, None)
        view = View(self._metrics, sample.at_s)
        self._trend = view.trend("task_duration")
        counted = self._counted(sample.at_s)
        self._thresholds = tuple(
            _standing(threshold, view, counted) for threshold in self._plan.thresholds
        )

    def now(self, elapsed_s: float, in_flight: int) -> Live:
        """The moment, ``elapsed_s`` seconds into the load."""
        counts, workloads = self._ledger.timeline.counts, self._plan.workloads
        iterations_per_s, tasks_per_s = self._rates(elapsed_s)
        sample, trend = self._sample, self._trend
        return Live(
            elapsed_s=elapsed_s,
            time_left_s=time_left_s(workloads, elapsed_s, counts.iterations),
            target_per_s=target_per_s(workloads, elapsed_s),
            iterations_per_s=iterations_per_s,
            tasks_per_s=tasks_per_s,
            in_flight=in_flight,
            sent=counts.sent,
            completed=counts.completed,
            ok=self._ok,
            failed=counts.failed - counts.expected,
            wrong=counts.wrong,
            timed_out=counts.timed_out,
            dropped=sum(self._ledger.dropped_iterations.values()),
            p50_ms=trend.p50_ms,
            p95_ms=trend.p95_ms,
            p99_ms=trend.p99_ms,
            backlog=sample.backlog if sample else {},
            cpu={name: use[0] for name, use in sample.pools.items()} if sample else {},
            own_cpu_ratio=sample.orchestrator_cpu_ratio if sample else 0.0,
            own_rss_bytes=sample.orchestrator_rss_bytes if sample else 0,
            thresholds=self._thresholds,
            tasks=self._ledger.timeline.kinds.tasks(),
        )

    @property
    def _ok(self) -> int:
        counts = self._ledger.timeline.counts
        return counts.completed - (counts.failed - counts.expected) - counts.wrong

    def _rates(self, elapsed_s: float) -> tuple[float, float]:
        """Iterations and tasks per second, of the last two seconds."""
        counts = self._ledger.timeline.counts
        ended = sum(counts.iterations.values())
        self._before.append((elapsed_s, ended, counts.completed))
        while len(self._before) > 2 and self._before[1][0] <= elapsed_s - RATE_OVER_S:
            self._before.popleft()
        began_s, iterations, tasks = self._before[0]
        span_s = elapsed_s - began_s
        if span_s <= 0:
            return 0.0, 0.0
        return (ended - iterations) / span_s, (counts.completed - tasks) / span_s

    def _counted(self, elapsed_s: float) -> Mapping[str, float]:
        """What thresholds without tags may be held against already."""
        counts = self._ledger.timeline.counts
        bad = counts.completed - self._ok + counts.timed_out
        known: dict[str, float] = {
            "tasks_sent": counts.sent,
            "tasks_succeeded": self._ok,
            "tasks_failed": counts.failed - counts.expected,
            "tasks_wrong": counts.wrong,
            "dropped_iterations": sum(self._ledger.dropped_iterations.values()),
        }
        if counts.completed:
            known["errors"] = bad / (self._ok + bad)
            known["verified"] = 1.0 - known["errors"]
        measured_s = elapsed_s - self._plan.warmup_s
        if measured_s > 0 and not self._plan.warmup_s:
            known["throughput"] = self._ok / measured_s
        return known


def _standing(threshold: Threshold, view: View, counted: Mapping[str, float]) -> LiveThreshold:
    observed = _observed(threshold, view, counted)
    passing = None if observed is None else COMPARE[threshold.operator](observed, threshold.limit)
    return LiveThreshold(metric_with_tags(threshold), threshold.expression, observed, passing)


def _observed(threshold: Threshold, view: View, counted: Mapping[str, float]) -> float | None:
    metric, aggregation = threshold.metric, threshold.aggregation
    if (metric in TRENDS and aggregation != "count") or metric in GAUGES:
        percentile, tags, window_s = threshold.percentile, threshold.tags, threshold.window_s
        return view.observe(metric, aggregation, percentile, tags, window_s)
    rate_of_counter = aggregation == "rate" and metric not in ("errors", "verified", "throughput")
    if threshold.tags or threshold.window_s is not None or rate_of_counter:
        return None
    return counted.get(metric)
