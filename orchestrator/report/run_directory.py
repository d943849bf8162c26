"""The run directory: everything that a run, an experiment or a capacity leaves behind (the workers'
logs are there already)."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import yaml

from orchestrator.records import Capacity, Experiment, RunResult
from orchestrator.report.atomic import atomic_write_text
from orchestrator.report.capacity import capacity_summary
from orchestrator.report.experiment import experiment_summary
from orchestrator.report.masking import masked
from orchestrator.report.rendering import made_of, need_data, render
from orchestrator.report.series_csv import write_series_csv
from orchestrator.report.summary import summary
from orchestrator.report.tasks_csv import write_tasks_csv


def write_run_directory(
    result: RunResult, directory: Path, kinds: Collection[str] | None = None
) -> None:
    """Write ``summary.json`` and ``scenario.yaml`` (as run) into ``directory``, which is made if
    need be, and the reports of these ``kinds`` (by default all; see `kinds.KINDS`) from what is
    stored. The rows (``series.csv``, ``tasks.csv.gz``) are kept when a kind is made of them.

    Each file is there whole or not at all; the summary comes after the data, so that a directory
    with a summary can be rendered again. Raises OSError."""
    directory.mkdir(parents=True, exist_ok=True)
    atomic_write_text(directory / "scenario.yaml", scenario_yaml(result.plan.source))
    if kinds is None or need_data(kinds):
        write_series_csv(result.samples, directory / "series.csv")
        write_tasks_csv(result, directory / "tasks.csv.gz")
    _write(summary(result), directory, kinds)


def write_experiment(
    experiment: Experiment, directory: Path, kinds: Collection[str] | None = None
) -> None:
    """Write the experiment's ``summary.json``, and from it and from what its runs left those of the
    reports that there are of an experiment. Each is there whole or not at all. Raises OSError."""
    _write(experiment_summary(experiment), directory, made_of("experiment", kinds))


def write_capacity(
    capacity: Capacity, directory: Path, kinds: Collection[str] | None = None
) -> None:
    """Write the capacity's ``summary.json``, and from it those of the reports that there are of a
    capacity. Each is there whole or not at all. Raises OSError."""
    _write(capacity_summary(capacity), directory, made_of("capacity", kinds))


def _write(document: Mapping[str, Any], directory: Path, kinds: Collection[str] | None) -> None:
    text = json.dumps(document, indent=2, allow_nan=False)
    atomic_write_text(directory / "summary.json", text + "\n")
    render(directory, kinds)


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
