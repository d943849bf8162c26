"""One page for two sides of a comparison: their figures with intervals, and both in each chart."""

from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.judge.wording import clip
from orchestrator.records import Comparison
from orchestrator.report.comparison import comparison_document, fact_lines
from orchestrator.report.html.experiment import run_details
from orchestrator.report.html.intervals import Intervals
from orchestrator.report.html.page import page
from orchestrator.report.stored import StoredRun

CALM = 3.0
"""So many times wider than in the report of one run are the intervals: two lines that jump hide how
far they lie apart."""
COLUMNS = ("published", "completed", "not_ok")
PERCENTILES = ("p50", "p95", "p99")
Files = tuple[Mapping[str, Any], StoredRun | None]
"""The summary of a run, and the rest of it where it was kept."""


def compared_page(comparison: Comparison, base: Sequence[Files], head: Sequence[Files]) -> str:
    """The whole page. Runs of which only the summary was kept are in the figures and not in the
    charts over time. Raises `UsageError` when a file of a run is damaged."""
    stored = [run for _, run in (*base, *head) if run is not None]
    load_s = max(map(_load_s, stored), default=0.0)
    name = str(head[0][0]["run"]["name"])
    data = {
        "kind": "comparison",
        "name": name,
        "comparison": comparison_document(comparison),
        "facts": fact_lines(comparison),
        "sides": [_side("BASE", base, load_s), _side("HEAD", head, load_s)],
    }
    return page(f"{clip(name, 80)} compared: celery-orchestrator", data)


def _load_s(run: StoredRun) -> float:
    return max(run.series.at_s[-1] or 0.0 if run.series.at_s else 0.0, 0.1)


def _side(label: str, files: Sequence[Files], load_s: float) -> dict[str, Any]:
    drawn = [_over_time(run, load_s) for _, run in files if run is not None]
    return {
        "label": label,
        "details": [run_details(summary["metrics"]) for summary, _ in files],
        "over_time": _mean(drawn) if drawn else None,
        "drawn_count": len(drawn),
    }


def _over_time(run: StoredRun, load_s: float) -> dict[str, Any]:
    intervals = Intervals(CALM * load_s)
    for task in run.tasks():
        intervals.add(task)
    data = intervals.data()
    latency = data["latency"]["task_duration"]
    return {
        "width_s": data["width_s"],
        **{name: data[name] for name in COLUMNS},
        **{name: latency[name] for name in PERCENTILES},
    }


def _mean(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Of the runs, interval by interval, over those that have something there."""
    count = max(len(run[name]) for run in runs for name in (*COLUMNS, *PERCENTILES))
    return {
        "width_s": runs[0]["width_s"],
        **{
            name: [_mean_at([run[name] for run in runs], index) for index in range(count)]
            for name in (*COLUMNS, *PERCENTILES)
        },
    }


def _mean_at(columns: Sequence[Sequence[float | None]], index: int) -> float | None:
    known = [
        value for column in columns if index < len(column) and (value := column[index]) is not None
    ]
    return round(sum(known) / len(known), 3) if known else None
