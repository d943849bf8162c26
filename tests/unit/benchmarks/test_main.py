import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from benchmarks import __main__ as main
from benchmarks.records import Effort, Figure, Report, Row, Status

ROW = Row("row", "title", "x", 3.0)


def report(*statuses: Status) -> Report:
    figures = tuple(Figure(ROW, status, reason="because") for status in statuses)
    return Report("2026-11-22T00:00:00+00:00", 1.0, Effort(), {}, figures)


@pytest.mark.parametrize(
    ("status", "code", "forgiving"),
    [("held", 0, 0), ("info", 0, 0), ("skipped", 0, 0), ("missed", 1, 0), ("wrong", 1, 1),
     ("failed", 1, 1)],
)  # fmt: skip
def test_exit_codes(status: Status, code: int, forgiving: int) -> None:
    assert main.exit_code(report("held", status), no_fail=False) == code
    assert main.exit_code(report("held", status), no_fail=True) == forgiving


def test_the_report_is_printed_and_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async def measure(chosen: Any, effort: Effort, progress: Any) -> Report:
        progress(f"{len(chosen)} {effort.scale}")
        return report("missed")

    monkeypatch.setattr(main, "measure", measure)
    result = CliRunner().invoke(
        main.command, ["drain", "latency", "--scale", "0.5", "--out", str(tmp_path)]
    )
    assert result.exit_code == 1
    assert "2 0.5" in result.stderr
    assert "≥ 3 x" in result.stdout
    (written,) = tmp_path.glob("bench-*Z.json")
    assert json.loads(written.read_text())["figures"][0]["status"] == "missed"


def test_an_unknown_row_is_a_usage_error() -> None:
    result = CliRunner().invoke(main.command, ["no-such-row"])
    assert result.exit_code == 2
    assert "there is no no-such-row" in result.stderr
