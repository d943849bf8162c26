"""All that the report draws of many runs of one scenario, from what the experiment and its runs
left."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestrator.errors import UsageError
from orchestrator.report.html.intervals import GAPS

EXPERIMENT_VERSION = 1
"""Of the schema of an experiment's ``summary.json``."""
PERCENTILES = ("p50_ms", "p75_ms", "p90_ms", "p95_ms", "p99_ms", "p99_9_ms", "max_ms")


def experiment_data(directory: Path, summary: Mapping[str, Any]) -> dict[str, Any]:
    """The data of the report of an experiment. A run whose files are gone is in the figures and not
    in the pictures. Raises `UsageError` for the summary of another version."""
    if summary.get("version") != EXPERIMENT_VERSION:
        raise UsageError(
            f"{directory}/summary.json is not of an experiment, version {EXPERIMENT_VERSION}"
        )
    return {
        "kind": "experiment",
        "name": summary["experiment"]["name"],
        "summary": summary,
        "details": {
            run["run_id"]: details
            for run in summary["runs"]
            if (details := _details(directory / Path(run["directory"]).name)) is not None
        },
    }


def _details(directory: Path) -> dict[str, Any] | None:
    """Of one run: where the time of its mean task went, and the percentiles of task_duration."""
    try:
        metrics = json.loads((directory / "summary.json").read_text(encoding="utf-8"))["metrics"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return {**run_details(metrics), "report": f"{directory.name}/report.html"}


def run_details(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Of one run, from the metrics of its summary: where the time of its mean task went, and the
    percentiles of task_duration."""
    means = {name: metrics[name]["avg_ms"] or 0.0 for name in (*GAPS, "schedule_lag")}
    means["publish"] += means.pop("schedule_lag")
    return {
        "gaps_ms": means,
        "percentiles_ms": [metrics["task_duration"][name] for name in PERCENTILES],
    }
