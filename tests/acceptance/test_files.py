"""The files of real runs: they say the same, they are valid, and CI reads them."""

import csv
import gzip
import json
import re
import signal
import socket
import urllib.request
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.records import VERDICTS
from orchestrator.report import figures
from orchestrator.report.console import LATENCY_ORDER
from tests.acceptance.command import Command
from tests.unit.report.test_junit import read as read_junit
from tests.unit.report.test_metric_families import samples
from tests.unit.report.test_summary_schema import CLOSED

Write = Callable[[str], Path]
Metrics = dict[tuple[str, ...], float]

RUN = """\
version: 1
name: said
app: tasks.app:app
warmup: 1s
workers:
  add: {queues: [add], pool: threads, concurrency: 4}
workloads:
  sums:
    executor: constant-arrival-rate
    rate: 10/s
    duration: 3s
    canvas:
      chord:
        header: {each: {task: add, args: [{index: 1}, 2]}, count: 4}
        body: {task: sum}
    aggregate: max
  raising:
    executor: shared-iterations
    iterations: 3
    canvas: {task: fail, args: [out of | luck], expect: {raises: ValueError}}
%s
thresholds:
  task_duration: ["p(99)<20s"]
  tasks_wrong: ["count==0"]
"""
WRONG = """\
  wrong:
    executor: shared-iterations
    iterations: 4
    canvas: {task: add, args: [1, 2], expect: {value: 4}}
"""
LONG = """\
version: 1
name: long
app: tasks.app:app
workers:
  add: {queues: [add], pool: threads, concurrency: 2}
workloads:
  naps: {executor: constant-vus, vus: 2, duration: 60s, canvas: {task: sleep, args: [0.05]}}
"""
MATRIX = """\
version: 1
name: two
app: tasks.app:app
workers:
  add: {queues: [add], pool: threads, concurrency: 1}
workloads:
  sums: {executor: shared-iterations, iterations: 20, canvas: {task: add, args: [1, 2]}}
matrix:
  workers.add.concurrency: [1, 2]
"""
RENDERED = ("report.html", "junit.xml", "summary.md", "metrics.txt")


def stored(directory: Path) -> Any:
    """The summary, which must be as its schema says, without a key that nobody described."""
    summary = json.loads((directory / "summary.json").read_text())
    CLOSED.validate(summary)
    return summary


@pytest.mark.parametrize(("workload", "code"), [("", 0), (WRONG, 5)])
def test_all_files_say_the_same_and_are_rendered_again_as_they_were(
    command: Command, write_scenario: Write, workload: str, code: int
) -> None:
    done = command.scenario(write_scenario(RUN % workload))
    assert done.code == code, done.err + done.out
    directory = command.one_run()
    summary = stored(directory)
    _console(done.out, summary)
    _tasks(directory, summary)
    _html(directory, summary)
    _junit(directory, summary)
    _markdown(directory, done.out, summary)
    _metrics(directory, summary)
    before = {name: (directory / name).read_bytes() for name in RENDERED}
    for name in RENDERED:
        (directory / name).unlink()
    again = command("report", directory)
    assert again.code == 0, again.err
    assert {name: (directory / name).read_bytes() for name in RENDERED} == before


def _rows(summary: Any) -> list[list[str]]:
    """The latency table, as console and Markdown must have it."""
    points = ("p50_ms", "p95_ms", "p99_ms", "max_ms")
    trends = [(name, summary["metrics"][name]) for name in LATENCY_ORDER]
    return [
        [name, f"{trend['count']:,}", *(figures.milliseconds(trend[point]) for point in points)]
        for name, trend in trends
        if trend["count"]
    ]


def _console(out: str, summary: Any) -> None:
    lines = [line.split() for line in out.splitlines()]
    assert [f"{summary['verdicts'][name]:,}" for name in ("sent", *VERDICTS)] in lines
    for row in _rows(summary):
        assert row in lines
    for each in summary["thresholds"]:
        seen = figures.observed(each["metric"], each["expression"], each["observed"])
        (line,) = [line for line in out.splitlines() if f"  {each['expression']} " in line]
        assert line.split()[0] == ("✓" if each["passed"] else "✗")
        assert line.endswith(seen)


def _tasks(directory: Path, summary: Any) -> None:
    with gzip.open(directory / "tasks.csv.gz", "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    counted = Counter(row["verdict"] for row in rows)
    assert {verdict: counted[verdict] for verdict in VERDICTS} == {
        verdict: summary["verdicts"][verdict] for verdict in VERDICTS
    }
    measured = [row for row in rows if row["measured"] == "1"]
    assert 0 < len(measured) < len(rows)
    for name in ("run", "queue_wait", "task_duration"):
        values = [float(row[f"{name}_ms"]) for row in measured if row[f"{name}_ms"]]
        trend = summary["metrics"][name]
        assert len(values) == trend["count"]
        assert max(values) == pytest.approx(trend["max_ms"], abs=0.001)
    with (directory / "series.csv").open(newline="") as file:
        seconds = list(csv.DictReader(file))
    assert sum(int(row["sent_count"]) for row in seconds) == summary["verdicts"]["sent"]


def _html(directory: Path, summary: Any) -> None:
    page = (directory / "report.html").read_text()
    (block,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page)
    assert json.loads(block)["summary"] == summary


def _junit(directory: Path, summary: Any) -> None:
    root = read_junit(directory)
    failed = sum(not each["passed"] for each in summary["thresholds"])
    failed += sum(summary["verdicts"][name] > 0 for name in ("wrong", "lost_task", "duplicate"))
    assert int(root.attrib["failures"]) == failed
    assert (failed > 0) == (summary["run"]["exit_code"] != 0)
    properties = {each.attrib["name"]: each.attrib["value"] for each in root.iter("property")}
    for verdict in VERDICTS:
        assert int(properties[f"verdicts.{verdict}"]) == summary["verdicts"][verdict]
    for name, trend in summary["metrics"].items():
        if trend["count"]:
            assert float(properties[f"{name}.p95_ms"]) == pytest.approx(trend["p95_ms"], abs=0.001)


def _markdown(directory: Path, out: str, summary: Any) -> None:
    text = (directory / "summary.md").read_text()
    rows = [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line in text.splitlines()
        if line.startswith("| ")
    ]
    assert [f"{summary['verdicts'][name]:,}" for name in ("sent", *VERDICTS)] in rows
    for row in _rows(summary):
        assert row in rows
    (meaning,) = re.findall(
        r"  (?:PASSED|FAILED) in .+?: (.+?) \(exit code", " ".join(out.split("\n"))
    )
    assert f": {meaning} (exit code {summary['run']['exit_code']})" in text


def _metrics(directory: Path, summary: Any) -> None:
    found = samples((directory / "metrics.txt").read_text())
    for verdict in VERDICTS:
        assert found["orchestrator_tasks_total", verdict] == summary["verdicts"][verdict]
    assert _sum(found, "celery_task_sent_total") == summary["verdicts"]["sent"]
    assert _sum(found, "celery_task_failed_total") == 3  # as expected, so that they are ok
    for name, metric in (("runtime", "run"), ("queue_wait", "queue_wait")):
        trend = summary["metrics"][metric]
        assert _sum(found, f"celery_task_{name}_seconds_count") == trend["count"]
        total_s = trend["avg_ms"] * trend["count"] / 1000
        assert _sum(found, f"celery_task_{name}_seconds_sum") == pytest.approx(total_s, abs=1e-3)
    p95_s = summary["metrics"]["task_duration"]["p95_ms"] / 1000
    assert found["orchestrator_task_duration_seconds", "0.95"] == pytest.approx(p95_s)
    rate = summary["rates"]["throughput_per_s"]
    assert found[("orchestrator_throughput_per_second",)] == pytest.approx(rate)


def _sum(found: Metrics, name: str) -> float:
    return sum(value for key, value in found.items() if key[0] == name)


def test_a_ci_job_gets_annotations_and_a_summary_and_stdout_stays_json(
    command: Command, write_scenario: Write, tmp_path: Path
) -> None:
    step = tmp_path / "step.md"
    step.write_text("# Before\n")
    path = write_scenario(RUN % WRONG)
    environ = {
        "GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(step), "CI": "true",
        "GITHUB_WORKSPACE": str(tmp_path),
    }  # fmt: skip
    done = command(
        "run", path, "--out", command.runs, "--report", "md", "--json", "-q", env=environ
    )
    assert done.code == 5, done.err
    directory = command.one_run()
    assert json.loads(done.out) == stored(directory)
    names = {each.name for each in directory.iterdir()}
    assert names == {"summary.json", "scenario.yaml", "summary.md", "workers"}
    assert step.read_text() == f"# Before\n{(directory / 'summary.md').read_text()}\n"
    unverified, threshold = [line for line in done.err.splitlines() if line.startswith("::")]
    assert unverified.startswith("::error file=scenario.yaml,title=said::verification failed: 4 ")
    line = 1 + path.read_text().splitlines().index('  tasks_wrong: ["count==0"]')
    assert threshold.startswith(f"::error file=scenario.yaml,line={line},col=17,title=said")
    assert threshold.endswith("::tasks_wrong count==0: observed 4")


@pytest.mark.parametrize("name", ["run", "check"])
def test_a_scenario_that_cannot_be_used_is_annotated_at_its_lines(
    command: Command, write_scenario: Write, name: str
) -> None:
    path = write_scenario((RUN % "").replace("concurrency", "concurency").replace("1s", "1"))
    done = command(name, path, env={"GITHUB_ACTIONS": "true"})
    assert (done.code, done.out) == (2, "")
    lines = done.err.splitlines()
    plain = [line for line in lines if not line.startswith("::")]
    assert len(plain) == 2
    places = [line.removeprefix(f"{path}:").split(":")[:2] for line in plain]
    assert [re.search(r"line=(\d+),col=(\d+)", each) for each in lines[2:]] != [None, None]
    annotated = [re.findall(r"line=(\d+),col=(\d+)", each) for each in lines[2:]]
    assert annotated == [[tuple(place)] for place in places]


def test_a_run_that_is_stopped_leaves_valid_files_and_served_its_figures(
    command: Command, write_scenario: Write
) -> None:
    path = write_scenario(LONG)
    process = command.start("run", path, "--out", command.runs, "--metrics-port", "0")
    with process:
        assert process.stderr is not None
        address = process.stderr.readline().removeprefix("metrics: ").strip()
        first = _scraped(
            command,
            address,
            lambda found: _succeeded(found) > 0 and ("celery_worker_up", "add") in found,
        )
        assert first["celery_task_sent_total", "canvas_module.tasks.sleep", "add"] > 0
        assert first["celery_worker_up", "add"] == 1
        assert ("celery_queue_length", "add") in first
        assert first["orchestrator_run_info", "long", "sending"] == 1
        later = _scraped(command, address, lambda found: _succeeded(found) > _succeeded(first))
        assert later[("orchestrator_load_seconds",)] > first[("orchestrator_load_seconds",)]
        port = int(address.rpartition(":")[2].partition("/")[0])
        # As a scraper that hangs: the end waits for nobody.
        with socket.create_connection(("127.0.0.1", port)):
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)
    assert process.returncode == 143
    directory = command.one_run()
    summary = stored(directory)
    assert summary["run"]["stopped_by"] == "SIGTERM"
    root = read_junit(directory)
    assert (root.get("errors"), root.get("failures")) == ("1", "0")
    assert samples((directory / "metrics.txt").read_text())[("orchestrator_run_partial",)] == 1
    assert "the run ended early" in (directory / "summary.md").read_text()


def _scraped(
    command: Command, address: str, enough: Callable[[Metrics], bool], within_s: float = 30
) -> Metrics:
    found: Metrics = {}

    def scraped() -> bool:
        with urllib.request.urlopen(address, timeout=10) as answer:
            found.clear()
            found.update(samples(answer.read().decode()))
        return enough(found)

    command.wait_until(scraped, within_s=within_s)
    return dict(found)


def _succeeded(found: Metrics) -> float:
    return _sum(found, "celery_task_succeeded_total")


def test_a_metrics_port_in_use_ends_it_before_anything_starts(
    command: Command, write_scenario: Write
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        path = write_scenario(LONG)
        done = command("run", path, "--out", command.runs, "--metrics-port", str(port))
    assert (done.code, done.out) == (3, "")
    (line,) = done.err.splitlines()
    assert line.startswith(f"port {port} of 127.0.0.1 cannot be had for metrics: ")
    assert not command.runs.exists()


def test_a_matrix_has_its_files_too(
    command: Command, write_scenario: Write, tmp_path: Path
) -> None:
    step = tmp_path / "step.md"
    done = command(
        "run", write_scenario(MATRIX), "--out", command.runs, "--report", "junit,md,csv",
        env={"GITHUB_STEP_SUMMARY": str(step)},
    )  # fmt: skip
    assert done.code == 0, done.err + done.out
    directory = command.one_run()
    summary = stored(directory)
    root = read_junit(directory)
    names = {suite.get("name") for suite in root}
    assert names == {"two concurrency=1 run 1", "two concurrency=2 run 1"}
    assert {suite.get("tests") for suite in root} == {"7"}
    with (directory / "runs.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row, run in zip(rows, summary["runs"], strict=True):
        assert float(row["throughput_per_s"]) == run["figures"]["throughput_per_s"]
        stored(directory / run["directory"])
        assert ET.parse(directory / run["directory"] / "junit.xml").getroot().get("errors") == "0"
    assert step.read_text() == (directory / "summary.md").read_text() + "\n"
    assert [line[:7] for line in step.read_text().splitlines() if line.startswith("| `")] == [
        "| `conc", "| `1` |", "| `2` |",
    ]  # fmt: skip
