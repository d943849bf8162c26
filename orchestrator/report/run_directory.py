"""The run directory: everything that one run leaves behind (the workers' logs are there
already)."""

from pathlib import Path
from typing import Any

import yaml

from orchestrator.records import RunResult
from orchestrator.report.atomic import atomic_write_text
from orchestrator.report.html.report import write_html
from orchestrator.report.masking import masked
from orchestrator.report.series_csv import write_series_csv
from orchestrator.report.summary import write_summary
from orchestrator.report.tasks_csv import write_tasks_csv


def write_run_directory(result: RunResult, directory: Path) -> None:
    """Write ``summary.json``, ``series.csv``, ``tasks.csv.gz`` and ``scenario.yaml`` (as run) into
    ``directory``, which is made if need be, and ``report.html`` from them. Each file is there whole
    or not at all; the summary comes after the data, so that a directory with a summary can be
    rendered again. Raises OSError."""
    directory.mkdir(parents=True, exist_ok=True)
    atomic_write_text(directory / "scenario.yaml", scenario_yaml(result.plan.source))
    write_series_csv(result.samples, directory / "series.csv")
    write_tasks_csv(result, directory / "tasks.csv.gz")
    write_summary(result, directory / "summary.json")
    write_html(directory)


def scenario_yaml(source: Any) -> str:
    """The scenario as run: it can be run again, but for the secrets, which are masked."""
    # A `$` begins a variable in a scenario; those of this run have been replaced already.
    text = yaml.safe_dump(
        _escaped(masked(source)), sort_keys=False, allow_unicode=True, default_flow_style=None
    )
    return f"# As run: variables and --set are filled in, secrets are masked.\n{text}"


def _escaped(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, dict):
        return {key: _escaped(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_escaped(item) for item in value]
    return value
