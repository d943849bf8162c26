import json
from pathlib import Path

import pytest

from orchestrator.cli import run_command
from orchestrator.cli.check import metric_name
from orchestrator.errors import ExitCode
from orchestrator.records import Threshold

ROOT = Path(__file__).parents[3]


def test_a_plan_is_described_for_a_person(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["check", str(ROOT / "scenarios" / "mixed.yaml")]) == 0
    text = capsys.readouterr().out
    assert "add: gevent -c 50 on add" in text
    assert "factorials: shared-iterations" in text
    assert "task_duration{task:add}: p(95)" in text


def test_faults_are_described(capsys: pytest.CaptureFixture[str]) -> None:
    folder = ROOT / "scenarios" / "faults"
    assert run_command(["check", *map(str, sorted(folder.glob("*.yaml")))]) == 0
    text = capsys.readouterr().out
    assert "3 s: broker-pause, for 2 s" in text
    assert "3 s: worker-kill add, SIGKILL, started again after 1 s" in text
    assert "6 s: worker-kill add.2, SIGTERM, started again after 0 s" in text


def test_every_shipped_scenario_is_valid(capsys: pytest.CaptureFixture[str]) -> None:
    files = sorted(map(str, (ROOT / "scenarios").rglob("*.yaml")))
    assert len(files) >= 15
    assert run_command(["check", *files]) == 0
    assert capsys.readouterr().err == ""


def test_json_is_one_document_of_all_files(capsys: pytest.CaptureFixture[str]) -> None:
    path = str(ROOT / "scenarios" / "smoke.yaml")
    assert run_command(["check", path, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[path]["name"] == "smoke"


def test_without_its_app_only_the_file_is_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (ROOT / "scenarios" / "smoke.yaml").read_text()
    path = tmp_path / "a.yaml"
    path.write_text(text.replace("tasks.app:app", "not_installed:app"))
    assert run_command(["check", str(path)]) == ExitCode.ENVIRONMENT
    assert run_command(["check", "--no-app", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}: valid; its app was not asked for its tasks\n"
    assert run_command(["check", "--no-app", "--json", str(path)]) == 0
    assert json.loads(capsys.readouterr().out)[str(path)]["app"] == "not_installed:app"
    path.write_text(text.replace("vus:", "vu:"))
    assert run_command(["check", "--no-app", str(path)]) == ExitCode.USAGE
    assert "vu: unknown key (did you mean 'vus'?)" in capsys.readouterr().err


def test_a_metric_is_named_as_in_the_file() -> None:
    threshold = Threshold("run", {"task": "add"}, "p(95)<5", "p", 95.0, "<", 5.0)
    assert metric_name(threshold) == "run{task:add}"
