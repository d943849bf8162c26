import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import UsageError
from orchestrator.report.html.experiment import PERCENTILES, experiment_data
from orchestrator.report.html.report import write_html
from orchestrator.report.stored import read_summary
from tests.unit.report.html.stored_run import store


def experiment(directory: Path, **changes: Any) -> dict[str, Any]:
    """An experiment of two runs, one of whose directories is gone."""
    store(directory / "run-1")
    runs = [
        {"run_id": f"r{number}", "directory": str(directory / f"run-{number}")} for number in (1, 2)
    ]
    summary = {"version": 1, "kind": "experiment", "experiment": {"name": "pools"}, "runs": runs}
    summary |= changes
    (directory / "summary.json").write_text(json.dumps(summary))
    return summary


def test_the_details_of_a_run_are_those_of_its_summary(tmp_path: Path) -> None:
    data = experiment_data(tmp_path, experiment(tmp_path))
    metrics = json.loads((tmp_path / "run-1" / "summary.json").read_text())["metrics"]
    assert set(data["details"]) == {"r1"}
    details = data["details"]["r1"]
    assert details["percentiles_ms"] == [metrics["task_duration"][name] for name in PERCENTILES]
    assert details["gaps_ms"]["queue_wait"] == metrics["queue_wait"]["avg_ms"]
    assert details["gaps_ms"]["publish"] == pytest.approx(2.0)
    assert details["report"] == "run-1/report.html"


def test_an_experiment_has_a_page_of_its_own(tmp_path: Path) -> None:
    experiment(tmp_path)
    text = write_html(tmp_path).read_text()
    assert "<title>pools: celery-orchestrator</title>" in text
    assert '"kind":"experiment"' in text


def test_the_summary_of_another_version_is_refused(tmp_path: Path) -> None:
    summary = experiment(tmp_path, version=2)
    with pytest.raises(UsageError, match="version 1"):
        experiment_data(tmp_path, summary)
    with pytest.raises(UsageError, match="version 1"):
        read_summary(tmp_path)
