import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestrator.report import run_directory
from orchestrator.report.run_directory import scenario_yaml, write_run_directory
from orchestrator.report.summary import summary
from tests.unit.report.result_factory import PASSWORD, make_plan, make_result

ALWAYS = {"summary.json", "scenario.yaml"}
DATA = {"series.csv", "tasks.csv.gz"}


def test_what_a_run_leaves(tmp_path: Path) -> None:
    directory = tmp_path / "runs" / "mixed-1"
    result = make_result()
    write_run_directory(result, directory)
    assert {path.name for path in directory.iterdir()} == ALWAYS | DATA | {
        "report.html", "junit.xml", "summary.md", "metrics.txt",
    }  # fmt: skip
    assert json.loads((directory / "summary.json").read_text()) == summary(result)
    assert PASSWORD not in (directory / "scenario.yaml").read_text()


@pytest.mark.parametrize(
    ("kinds", "files"),
    [
        (["junit"], {"junit.xml"}),
        (["md", "junit"], {"junit.xml", "summary.md"}),
        (["csv"], DATA),
        (["html"], DATA | {"report.html"}),
        (["metrics"], DATA | {"metrics.txt"}),
    ],
)
def test_only_the_reports_that_are_wanted_and_what_they_are_made_of(
    tmp_path: Path, kinds: list[str], files: set[str]
) -> None:
    write_run_directory(make_result(), tmp_path, kinds)
    assert {path.name for path in tmp_path.iterdir()} == ALWAYS | files


def test_workers_logs_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "workers").mkdir()
    (tmp_path / "workers" / "add.log").write_text("log")
    write_run_directory(make_result(), tmp_path)
    assert (tmp_path / "workers" / "add.log").read_text() == "log"


def test_the_summary_comes_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(run_directory, "write_tasks_csv", full)
    with pytest.raises(OSError, match="disk full"):
        write_run_directory(make_result(), tmp_path)
    assert not (tmp_path / "summary.json").exists()


def test_the_scenario_can_be_read_again() -> None:
    source = {
        "version": 1,
        "name": "x",
        "workers": {"a": {"queues": ("a", "b"), "env": {"N": "1", "T": "10:30", "B": "no"}}},
        "workloads": {"w": {"canvas": {"task": "é", "args": [1.5, None, True, "price: $5 ${X}"]}}},
    }
    text = scenario_yaml(source)
    again = yaml.safe_load(text)
    assert again["workers"]["a"]["queues"] == ["a", "b"]
    assert again["workers"]["a"]["env"] == {"N": "1", "T": "10:30", "B": "no"}
    args = again["workloads"]["w"]["canvas"]["args"]
    # The loader takes `$$` for a dollar.
    assert args == [1.5, None, True, "price: $$5 $${X}"]
    assert list(again) == ["version", "name", "workers", "workloads"]
    assert text.startswith("# As run")


def test_secrets_in_the_scenario() -> None:
    text = scenario_yaml(make_plan().source)
    assert PASSWORD not in text
    assert "redis://:***@localhost:6379/0" in text
