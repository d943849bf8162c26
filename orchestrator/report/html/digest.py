"""All that the report draws of a run, as plain data; the tasks are gone through once."""

from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.judge.histogram import NS_PER_MS, Distribution
from orchestrator.report import figures
from orchestrator.report.html.canvases import Canvases
from orchestrator.report.html.failures import Failures
from orchestrator.report.html.intervals import (
    LOWEST_MS,
    ROWS_PER_OCTAVE,
    Intervals,
    duration_ms,
    rows,
)
from orchestrator.report.html.lanes import Lanes
from orchestrator.report.html.marks import marks
from orchestrator.report.stored import StoredRun, StoredTask
from orchestrator.scenario.metrics import METRICS
from orchestrator.scenario.thresholds import parse_expression, parse_key

MOST_NAMES = 40
"""Tasks, and queues, whose distribution is drawn."""


def digest(run: StoredRun) -> dict[str, Any]:
    """The data of the report of one run. Raises `UsageError` when ``tasks.csv.gz`` is damaged."""
    summary = run.summary
    intervals = Intervals(_load_s(run))
    canvases, lanes = Canvases(), Lanes()
    failures = Failures(summary["verdicts"].get("tracebacks", {}))
    spread = _Spread()
    for task in run.tasks():
        for part in (intervals, canvases, lanes, failures, spread):
            part.add(task)
    return {
        "kind": "run",
        "summary": summary,
        "scenario": run.scenario,
        "thresholds": [_threshold(each) for each in summary["thresholds"]],
        "values": {
            name: figures.aggregate(workload["value"])
            for name, workload in summary["workloads"].items()
            if workload["aggregate"] is not None
        },
        "limits": list(_limits(summary["thresholds"])),
        "marks": marks(summary["scenario"], summary.get("faults") or ()),
        "series": {name: getattr(run.series, name) for name in run.series.__slots__},
        "intervals": intervals.data(),
        "rows": {"lowest_ms": LOWEST_MS, "per_octave": ROWS_PER_OCTAVE},
        "spread": spread.data(),
        "canvases": canvases.data(),
        "lanes": lanes.data(),
        "failures": failures.data(),
    }


class _Spread:
    """The distribution of ``task_duration``: of all tasks, and by task and by queue."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Distribution] = {("all", "all tasks"): Distribution()}

    def add(self, task: StoredTask) -> None:
        value = duration_ms(task)
        if value is None:
            return
        for key in (("all", "all tasks"), ("task", task.task), ("queue", task.queue)):
            found = self._found.get(key)
            if found is None:
                if len(self._found) > 2 * MOST_NAMES:
                    continue
                found = self._found[key] = Distribution()
            found.add(round(value * NS_PER_MS))

    def data(self) -> list[dict[str, Any]]:
        return [
            {
                "by": by,
                "name": name,
                "rows": sorted(rows(found).items()),
                "percentiles": [
                    [percent, round(found.percentile(percent) / NS_PER_MS, 3)]
                    for percent in (0, 25, 50, 75, 90, 95, 99, 99.9, 100)
                ],
                "count": found.count,
            }
            for (by, name), found in self._found.items()
            if found.count
        ]


def _load_s(run: StoredRun) -> float:
    """How long the load went on, results that came later included."""
    last = run.series.at_s[-1] if run.series.at_s else None
    return max(last or 0.0, 0.1)


def _threshold(threshold: Mapping[str, Any]) -> dict[str, Any]:
    text = figures.observed(threshold["metric"], threshold["expression"], threshold["observed"])
    return {**threshold, "text": text}


def _limits(thresholds: list[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The thresholds that can be drawn as a line: percentiles and the like of a trend."""
    for threshold in thresholds:
        try:
            metric, tags = parse_key(threshold["metric"])
            expression = parse_expression(METRICS[metric.name], threshold["expression"])
        except (ValueError, KeyError):
            continue  # a metric of another version: its line is left out, its verdict is not
        if metric.unit == "ms" and expression.aggregation in ("avg", "med", "p", "max"):
            yield {
                "metric": metric.name,
                "label": f"{threshold['metric']} {threshold['expression']}",
                "tagged": bool(tags),
                "ms": expression.limit,
                "passed": threshold["passed"],
            }
