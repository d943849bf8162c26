"""``capacity``: a known limit is found and drawn, and what cannot be asked is said."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.browser import Seen, opened
from tests.acceptance.command import Command

SCENARIO = "scenarios/capacity.yaml"


@pytest.mark.alone
def test_a_known_limit_is_found(command: Command) -> None:
    """Four threads that nap 50 ms for each task take 4 / 0.05 s = 80 a second."""
    done = command(
        "capacity", SCENARIO, "--slo", "task_duration p(95)<200ms",
        "--start-rate", "40/s", "--step", "3s", "--out", command.runs, "--json",
    )  # fmt: skip
    assert done.code == 0, done.err
    document = json.loads(done.out)
    assert 72 <= document["held_per_s"] <= 88, done.err
    assert document["limited_by"] == "objective"
    assert document["held_per_s"] < document["failed_per_s"] <= document["held_per_s"] * 1.05
    held = [step["rate_per_s"] for step in document["steps"] if step["held"]]
    assert document["held_per_s"] == max(held), "it was really shown to hold"
    assert json.loads((command.one_run() / "summary.json").read_text()) == document


@pytest.mark.alone
def test_nothing_holds(command: Command) -> None:
    done = command(
        "capacity", SCENARIO, "--slo", "run p(50)<10ms", "--start-rate", "0.04/s",
        "--set", "workloads.naps.canvas.args=[0.02]", "--step", "1s", "--max-time", "20s",
        "--out", command.runs, "--max-rate", "50/s", "--start-rate", "50/s",
    )  # fmt: skip
    assert done.code == 1, done.err
    assert "NONE of the rates held" in done.out
    assert "run p(50)<10ms: 20" in done.out


@pytest.mark.alone
def test_the_report_draws_what_was_tried(command: Command, tmp_path: Path) -> None:
    done = command(
        "capacity", SCENARIO, "--slo", "task_duration p(95)<200ms", "--slo", "run avg<5s",
        "--start-rate", "60/s", "--step", "1s", "--max-time", "20s", "--out", command.runs,
    )  # fmt: skip
    assert done.code == 0, done.err
    directory = command.one_run()
    path, summary = directory / "report.html", json.loads((directory / "summary.json").read_text())
    first = path.read_bytes()
    path.unlink()
    assert command("report", directory, "--report", "html").out.strip() == str(path)
    assert path.read_bytes() == first
    with opened(path) as seen:
        _has_the_answer(seen, summary, done.out)
        _draws_every_step(seen, summary)
        _tells_of_every_step(seen, summary)
        _reads_with_the_keyboard(seen, summary)
        with seen.page.expect_download() as download:
            seen.page.locator("#get-summary").click()
        download.value.save_as(tmp_path / "saved.json")
        assert json.loads((tmp_path / "saved.json").read_text()) == summary


def _has_the_answer(seen: Seen, summary: dict[str, Any], printed: str) -> None:
    ids = seen.page.locator("section").evaluate_all("nodes => nodes.map(node => node.id)")
    assert ids == ["verdict", "objectives", "completed", "steps", "source"]
    assert seen.page.locator("#badge").inner_text() == "CAPACITY"
    answer = seen.page.locator("#answer").inner_text()
    asked = seen.page.locator("#asked").inner_text()
    assert f"CAPACITY {answer} ({asked.rpartition('(')[2]}" in printed
    assert asked.startswith(f"the highest rate of naps with {', '.join(summary['objectives'])} (")


def _draws_every_step(seen: Seen, summary: dict[str, Any]) -> None:
    drawn = seen.page.evaluate("charts.map(({plot}) => plot.data.map((column) => [...column]))")
    assert min(seen.tones()) > 40
    observed = [[each["observed"] for each in step["objectives"]] for step in summary["steps"]]
    expected = [*zip(*observed, strict=True), [s["completed_per_s"] for s in summary["steps"]]]
    assert len(drawn) == len(expected) == 3
    for columns, values in zip(drawn, expected, strict=True):
        assert columns[0] == sorted({step["rate_per_s"] for step in summary["steps"]})
        for held, column in ((True, columns[1]), (False, columns[2])):
            last = {
                step["rate_per_s"]: value
                for step, value in zip(summary["steps"], values, strict=True)
                if step["held"] is held
            }
            assert column == [last.get(rate) for rate in columns[0]]


def _tells_of_every_step(seen: Seen, summary: dict[str, Any]) -> None:
    rows = [row.split("\t") for row in seen.page.locator("#steps tbody tr").all_inner_texts()]
    answers = []
    for row, step in zip(rows, summary["steps"], strict=True):
        figures = [float(cell.split("/")[0].split()[0].replace(",", "")) for cell in row[1:-1]]
        keys = ("rate_per_s", "duration_s", "completed_per_s", "growth_per_s")
        counts = ("dropped_count", "samples_count")
        observed = [each["observed"] for each in step["objectives"]]
        assert figures == pytest.approx(
            [*(step[key] for key in (*keys, *counts)), *observed], rel=0.01, abs=0.001
        )
        assert ("\u2717 not held" in row[-1]) != step["held"]
        assert "; ".join(step["why"]) in row[-1]
        answers += [step["rate_per_s"]] if "\u2605" in row[-1] else []
    assert answers == [summary["held_per_s"]]


def _reads_with_the_keyboard(seen: Seen, summary: dict[str, Any]) -> None:
    """Each rate once, from the left to the right, and no further."""
    rates = {step["rate_per_s"] for step in summary["steps"]}
    chart = seen.page.locator("#objectives .chart").first
    chart.focus()
    read = []
    for _ in range(len(rates) + 1):
        seen.page.keyboard.press("ArrowRight")
        read.append(seen.page.evaluate("charts[0].plot.data[0][charts[0].plot.cursor.idx]"))
    assert read == [*sorted(rates), max(rates)]
    last = [s for s in summary["steps"] if s["rate_per_s"] == max(rates)]
    values = chart.locator(".u-value").all_inner_texts()
    assert values[2].count(" ms") == sum(not step["held"] for step in last)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--slo", "task_duration p95<200ms"), "--slo 'task_duration p95<200ms': "),
        (("--slo", "nothing p(95)<200ms"), "'nothing' is not a metric"),
        (("--slo", "run avg<1s", "--workload", "nap"), "there is no workload 'nap' (it has naps)"),
        (("--slo", "run avg<1s", "--start-rate", "10"), "a rate needs a unit"),
        ((), "Missing option '--slo'"),
    ],
)
def test_what_cannot_be_asked(command: Command, arguments: tuple[str, ...], says: str) -> None:
    done = command("capacity", SCENARIO, *arguments)
    assert done.code == 2
    assert says in done.err
    assert "Traceback" not in done.err
