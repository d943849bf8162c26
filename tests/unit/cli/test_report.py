from pathlib import Path

import pytest

from orchestrator.cli import run_command
from orchestrator.errors import ExitCode
from orchestrator.report.run_directory import write_run_directory
from tests.unit.report.html.stored_run import store
from tests.unit.report.result_factory import make_result

RENDERED = ("report.html", "junit.xml", "summary.md", "metrics.txt")
PRINTED = ("report.html", "junit.xml", "summary.md", "series.csv", "tasks.csv.gz", "metrics.txt")


def test_each_run_is_rendered_again_and_its_files_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = [tmp_path / "one", tmp_path / "two"]
    for place in places:
        store(place)
        for name in RENDERED:
            (place / name).unlink()
    assert run_command(["report", *map(str, places)]) == ExitCode.PASSED
    printed = capsys.readouterr()
    assert printed.out.split() == [str(place / name) for place in places for name in PRINTED]
    assert printed.err == ""
    assert all((place / name).is_file() for place in places for name in RENDERED)


def test_the_kinds_can_be_chosen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store(tmp_path)
    (tmp_path / "report.html").unlink()
    assert run_command(["report", str(tmp_path), "--report", "md,junit"]) == ExitCode.PASSED
    assert capsys.readouterr().out.split() == [
        str(tmp_path / "junit.xml"),
        str(tmp_path / "summary.md"),
    ]
    assert not (tmp_path / "report.html").exists()


def test_without_the_rows_what_can_be_rendered_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run_directory(make_result(), tmp_path, ["junit"])
    assert run_command(["report", str(tmp_path)]) == ExitCode.PASSED
    printed = capsys.readouterr()
    assert printed.out.split() == [str(tmp_path / "junit.xml"), str(tmp_path / "summary.md")]
    assert printed.err.strip().endswith(
        "was stored without series.csv and tasks.csv.gz: no html, csv, metrics"
    )
    assert run_command(["report", str(tmp_path), "--report", "html"]) == ExitCode.USAGE
    assert "which html is made of" in capsys.readouterr().err


def test_a_directory_that_is_not_a_run_is_one_line_and_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["report", str(tmp_path)]) == ExitCode.USAGE
    assert "is not a whole run directory" in capsys.readouterr().err
    assert run_command(["report"]) == ExitCode.USAGE
    assert run_command(["report", str(tmp_path / "none")]) == ExitCode.USAGE
