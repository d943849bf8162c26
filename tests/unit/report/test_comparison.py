import io
import json

import pytest

from orchestrator.records import FigureKey
from orchestrator.report.comparison import (
    comparison_document,
    fact_lines,
    print_comparison,
    shown,
    unit_of,
)
from tests.unit.report.comparison_factory import DETAILS, make_comparison, make_side


def printed(everything: bool = False, **changes: object) -> str:
    file = io.StringIO()
    print_comparison(make_comparison(**changes), file, everything=everything)
    return file.getvalue()


def test_the_table_has_both_sides_the_change_and_its_interval() -> None:
    text = printed()
    rows = {line.split("  ")[1].strip(): line for line in text.splitlines() if " %" in line}
    assert rows["throughput"].split() == [
        "throughput", "142/s", "118/s", "-16.9", "%", "-21.9", "to", "-11.9", "%", "worse",
    ]  # fmt: skip
    assert "27.2 ms" in rows["task_duration p(50)"]
    assert "5.42 s" in rows["worker_cpu_s_per_1000_tasks"]
    assert "70.0 MiB" in rows["worker_rss_bytes max"]
    assert rows["worker_rss_bytes max"].endswith("cannot be told")
    assert "BASE  runs/base (1 run)" in text
    assert "HEAD  runs/head (3 runs)" in text
    assert text.rstrip().endswith("HEAD is worse: throughput -16.9 %.")


def test_details_are_those_that_differ_the_largest_first() -> None:
    text = printed()
    assert text.index("run{task:tasks.add} p(95)") < text.index("queue_wait p(50)")
    assert "publish p(50)" not in text
    assert "1 more figures show no difference beyond noise: --all shows them" in text
    assert "publish p(50)" in printed(everything=True)
    many = printed(details=DETAILS[:1] * 30)
    assert "10 more figures differ, see --json: --all shows them" in many


def test_gates_facts_and_what_was_allowed() -> None:
    text = printed()
    assert "TRIPPED  fail if throughput<-10%" in text
    assert "held     fail if task_duration p(50)>+30%" in text
    assert "unsure   fail if worker_rss_bytes>+1%" in text
    assert "lost task: 0 -> 1 tasks" in text
    assert "threshold task_duration p(95)<500ms: held in 1 of 1 -> 2 of 3 runs" in text
    assert "celery: 5.6.0 -> 5.7.0" in text
    assert "allowed: 2 processors -> 4" in text
    plain = printed(gates=(), thresholds=(), environment=(), allowed=(), head=make_side("h"))
    assert "fail if" not in plain
    assert "->" not in plain


def test_what_did_not_change_is_no_fact() -> None:
    facts = fact_lines(make_comparison())
    assert not [line for line in facts if "verified" in line or line.startswith("ok")]


@pytest.mark.parametrize(
    ("key", "value", "text", "unit"),
    [
        (FigureKey("throughput", "rate"), 12.34, "12.3/s", "per second"),
        (FigureKey("run", "avg"), None, "-", "ms"),
        (FigureKey("tasks_lost", "count"), 3.0, "3", "count"),
        (FigureKey("tasks_lost", "count"), 3.5, "3.50", "count"),
        (FigureKey("verified", "rate"), 0.995, "99.5 %", "ratio"),
        (FigureKey("worker_rss_bytes", "max"), 2048.0, "2.00 KiB", "bytes"),
        (FigureKey("worker_cpu_s_per_1000_tasks", "value"), 1.5, "1.50 s", "s"),
    ],
)
def test_figures_have_their_unit(key: FigureKey, value: float | None, text: str, unit: str) -> None:
    assert (shown(key, value), unit_of(key)) == (text, unit)


def test_the_document_is_json_with_every_figure() -> None:
    document = comparison_document(make_comparison())
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert (document["version"], document["kind"], document["tripped"]) == (1, "comparison", True)
    first = document["headline"][0]
    assert first["name"] == "throughput"
    assert first["change_ratio"] == pytest.approx(-0.169, abs=1e-3)
    assert first["low_ratio"] < first["change_ratio"] < first["high_ratio"]
    assert document["headline"][3]["low_ratio"] is None
    assert [each["name"] for each in document["details"]] == [str(each.key) for each in DETAILS]
    assert document["details"][0]["tag"] == {"task": "tasks.add"}
    assert [gate["state"] for gate in document["gates"]] == ["tripped", "held", "unsure"]
    assert document["head"]["verdicts"]["lost_task"] == 1
    assert document["head"]["runs"][0]["others_cpu_ratio"] == 0.25


def test_a_name_that_is_no_line_stays_on_its_line() -> None:
    text = printed(base=make_side("runs/\x1b[31mred\nline"))
    assert "\x1b" not in text
    assert "runs/\\x1b[31mred\\x0aline" in text
