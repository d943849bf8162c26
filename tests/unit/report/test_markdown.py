import re
from dataclasses import replace
from pathlib import Path

from orchestrator.report import figures
from orchestrator.report.console import LATENCY_ORDER
from orchestrator.report.markdown import KIND, run_lines
from orchestrator.report.summary import summary
from tests.unit.report.html.stored_run import failing_tasks, store
from tests.unit.report.result_factory import (
    make_fault,
    make_plan,
    make_result,
    make_task,
    threshold,
)


def markdown(**changes: object) -> str:
    return "\n".join(run_lines(summary(make_result(**changes))))  # type: ignore[arg-type]


def cells(text: str, first: str) -> list[str]:
    """The cells of the row that begins with ``first``."""
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {first} |")]
    return [cell.strip() for cell in line.strip("|").split(" | ")]


def test_what_must_hold_stands_first_and_the_figures_are_those_of_the_summary() -> None:
    document = summary(make_result())
    text = "\n".join(run_lines(document))
    lines = text.splitlines()
    assert lines[0] == "## ✅ `mixed` passed"
    assert lines[2] == ("In 14.8 s: every result verified, every threshold held (exit code 0).")
    order = [line for line in lines if line.startswith("### ")]
    assert order == [
        "### Thresholds", "### Verdicts", "### Workloads", "### Latency, ms", "### Workers",
    ]  # fmt: skip
    assert "| ✅ | `task_duration{task:add}` | `p(95)<500ms` | 40.0 ms |" in lines
    assert cells(text, "100") == ["100", "100", "0", "0", "0", "0", "0", "0"]
    for name in LATENCY_ORDER:
        if document["metrics"][name]["count"]:
            trend = document["metrics"][name]
            points = (trend[point] for point in ("p50_ms", "p95_ms", "p99_ms", "max_ms"))
            expected = [name, f"{trend['count']:,}", *map(figures.milliseconds, points)]
            assert cells(text, name) == expected
    assert cells(text, "`sums`")[-1] == "sum `123,456`"
    assert cells(text, "`add`")[:3] == ["`add`", "gevent x 50", "1,234"]
    assert lines[-1].startswith("celery 5.7.0 · kombu 5.7.0 · python 3.11 · embedded Redis 7.0.15")


def test_tasks_that_are_not_ok_are_named_with_their_reason() -> None:
    text = markdown(outcomes=failing_tasks())
    assert text.startswith("## ❌ `mixed` failed")
    assert "verification failed, 3 wrong, 1 lost result (exit code 5)" in text
    assert cells(text, "24") == ["24", "20", "3", "0", "0", "1", "0", "0"]
    row = f"| wrong | `add_module.tasks.add` | `{make_task(20).id}` | `expected 0, got 9` |"
    assert row in text
    assert text.count("| wrong |") == 3 + 1


def test_many_of_them_are_counted() -> None:
    wrong = [make_task(n, matched=False, reason="no") for n in range(300)]
    text = markdown(outcomes=wrong)
    assert text.count("| wrong | `add") == 5
    assert "and 295 more: see `summary.json` and `tasks.csv.gz`" in text


def test_a_threshold_that_failed_is_shown_before_a_hundred_that_held() -> None:
    held = [threshold("tasks_lost", f"count<{n}", "count", "<", n) for n in range(1, 100)]
    failed = threshold("tasks_sent", "count==0", "count", "==", 0)
    text = markdown(plan=make_plan(thresholds=(*held, failed)))
    rows = re.findall(r"^\| (✅|❌) \|", text, flags=re.MULTILINE)
    assert rows == ["❌"] + ["✅"] * 49
    assert "and 50 more: see `summary.json`" in text


def test_a_run_that_was_stopped_says_so() -> None:
    text = markdown(exit_code=130, stopped_by="SIGINT", partial=True, bottleneck="it was busy")
    assert "interrupted, stopped by `SIGINT` (exit code 130); the run ended early" in text
    assert "> The orchestrator was the bottleneck, not the workers: it was busy" in text


def test_a_run_without_anything_has_a_document(tmp_path: Path) -> None:
    run = store(tmp_path, [], samples=[], pools=())
    (path,) = KIND.write(tmp_path, run.summary)
    assert "### Workers" not in path.read_text()
    assert path.read_text().endswith("celery-orchestrator 0.1.0\n")


def test_faults_have_a_table() -> None:
    result = make_result()
    document = summary(replace(result, judgement=replace(result.judgement, faults=(make_fault(),))))
    text = "\n".join(run_lines(document))
    assert "### Faults" in text
    row = "| worker-kill add | 2.01 s | 3.25 s | 6.00 s | 60 |"
    assert f"{row} 57 ok, 1 failed, 2 lost tasks, 3 cut off |" in text
    del document["faults"]  # of an older version
    assert "### Faults" not in "\n".join(run_lines(document))
