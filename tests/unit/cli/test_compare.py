import json
from pathlib import Path

import pytest

from orchestrator.cli import run_command
from orchestrator.errors import ExitCode
from tests.unit.comparison.stored_sides import SOURCE, stored


@pytest.fixture
def pair(tmp_path: Path) -> tuple[str, str]:
    """BASE, and a HEAD whose tasks run for a fifth longer."""
    stored(tmp_path / "base", 1)
    stored(tmp_path / "head", 2, slower=1.2)
    return str(tmp_path / "base"), str(tmp_path / "head")


def test_the_verdict_goes_to_stdout_and_the_gates_into_the_exit_code(
    pair: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["compare", *pair]) == ExitCode.PASSED
    assert "HEAD is worse: " in capsys.readouterr().out
    assert run_command(["compare", *pair, "--fail-if", "run p(50)>+15%"]) == 1
    assert "TRIPPED  fail if run p(50)>+15%" in capsys.readouterr().out
    assert run_command(["compare", *pair, "--fail-if", "run p(50)>+50%"]) == ExitCode.PASSED
    assert run_command(["compare", pair[0], pair[0]]) == ExitCode.PASSED
    assert "No difference beyond noise." in capsys.readouterr().out


def test_json_is_one_document(pair: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["compare", *pair, "--json", "--fail-if", "run p(50)>+15%"]
    assert run_command(arguments) == ExitCode.THRESHOLD_FAILED
    document = json.loads(capsys.readouterr().out)
    assert document["tripped"] is True
    assert document["gates"][0]["state"] == "tripped"


def test_files_are_written(
    pair: tuple[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "step.md"))
    md, html = tmp_path / "c.md", tmp_path / "c.html"
    assert run_command(["compare", *pair, "--md", str(md), "--html", str(html)]) == 0
    assert md.read_text().startswith("## ✅ Comparison")
    assert (tmp_path / "step.md").read_text() == md.read_text() + "\n"
    assert '"kind":"comparison"' in html.read_text()
    capsys.readouterr()
    assert run_command(["compare", *pair, "--md", "-"]) == 0
    assert capsys.readouterr().out == md.read_text()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--fail-if", "throughput<10%"], "--fail-if 'throughput<10%': a change has a sign"),
        (["--fail-if", "througput<-10%"], "did you mean 'throughput'"),
        (["--fail-if", "run{task:nap} avg>+1%"], "the runs have no task 'nap'"),
        (["--allow", "hots"], "--allow has no 'hots' (did you mean 'host'?)"),
        (["--least", "x"], "--least 'x' is not a percentage"),
        (["--least", "100%"], "is not a percentage"),
        (["--json", "--md", "-"], "both print to stdout"),
        (["--html", "/nowhere/c.html"], "cannot be written"),
        (["--md", "/nowhere/c.md"], "cannot be written"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_2(
    pair: tuple[str, str], options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["compare", *pair, *options]) == ExitCode.USAGE
    text = capsys.readouterr().err
    assert said in text
    assert "Traceback" not in text


def test_other_scenarios_are_refused_unless_allowed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stored(tmp_path / "base", 1)
    stored(tmp_path / "head", 2, source={**SOURCE, "seed": 5})
    pair = [str(tmp_path / "base"), str(tmp_path / "head")]
    assert run_command(["compare", *pair]) == ExitCode.USAGE
    assert "--allow scenario" in capsys.readouterr().err
    for allowed in ("scenario", "host,scenario", "all"):
        assert run_command(["compare", *pair, "--allow", allowed]) == ExitCode.PASSED


def test_a_name_that_is_not_there_is_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["compare", "nothing", "nowhere"]) == ExitCode.USAGE
    assert "nothing does not exist" in capsys.readouterr().err
    assert run_command(["compare", "nothing"]) == ExitCode.USAGE
