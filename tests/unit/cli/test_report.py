from pathlib import Path

import pytest

from orchestrator.cli import run_command
from orchestrator.errors import ExitCode
from tests.unit.report.html.stored_run import store


def test_each_run_is_rendered_again_and_its_page_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = [tmp_path / "one", tmp_path / "two"]
    for place in places:
        store(place)
        (place / "report.html").unlink()
    assert run_command(["report", *map(str, places)]) == ExitCode.PASSED
    assert capsys.readouterr().out.split() == [str(place / "report.html") for place in places]
    assert all((place / "report.html").is_file() for place in places)


def test_a_directory_that_is_not_a_run_is_one_line_and_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["report", str(tmp_path)]) == ExitCode.USAGE
    assert "is not a whole run directory" in capsys.readouterr().err
    assert run_command(["report"]) == ExitCode.USAGE
    assert run_command(["report", str(tmp_path / "none")]) == ExitCode.USAGE
