import io
import json

import pytest
from rich.console import Console

from benchmarks.records import Effort, Fact, Figure, Report, Row
from benchmarks.table import number, plain, print_report

FAST = Row("fast", "quicker than stock", "x", 30)
LEAN = Row("lean", "bytes of a task", "bytes", 500, better="lower")


def report(*figures: Figure, scale: float = 1.0) -> Report:
    return Report(
        "2026-11-22T00:00:00+00:00",
        12.0,
        Effort(scale=scale),
        {"python": "3.11"},
        figures,
        (Fact("stock: wall", "us/task", (400.0, 500.0, 900.0)),),
        ("a remark",),
    )


def text(of: Report) -> str:
    console = Console(file=io.StringIO(), width=140)
    print_report(of, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_row_shows_floor_median_and_extremes() -> None:
    shown = text(report(Figure(FAST, "held", 31.25, 29.0, 40.0, 3)))
    for part in ("fast", "≥ 30 x", "31.2 x", "29.0 - 40.0", "✓", "us/task", "500", "a remark"):
        assert part in shown


def test_why_a_row_has_no_figure_is_said() -> None:
    shown = text(report(Figure(LEAN, "skipped", reason="no RabbitMQ")))
    assert "≤ 500 bytes" in shown
    assert "lean: skipped: no RabbitMQ" in shown


def test_a_scaled_down_run_says_so() -> None:
    assert "scale 0.1: too little for a verdict" in text(report(scale=0.1))


def test_the_file_holds_everything() -> None:
    data = json.loads(json.dumps(plain(report(Figure(FAST, "missed", 2.0, 1.0, 3.0, 3)))))
    assert data["version"] == 1
    assert data["figures"][0]["row"]["floor"] == 30
    assert data["figures"][0]["status"] == "missed"
    assert data["facts"][0]["values"] == [400.0, 500.0, 900.0]


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.2, "0.20"), (3.456, "3.46"), (45.67, "45.7"), (123.4, "123"), (1_234_567.0, "1,234,567")],
)
def test_numbers_have_three_digits(value: float, shown: str) -> None:
    assert number(value) == shown
