from dataclasses import replace
from html import unescape

from orchestrator.report.capacity import capacity_summary
from orchestrator.report.experiment import BEST, ONE_RUN, experiment_summary, spread
from orchestrator.report.markdown_experiments import capacity_lines, experiment_lines
from tests.unit.report.html.stored_run import HOSTILE
from tests.unit.report.test_capacity import FOUND
from tests.unit.report.test_experiment import FOUR, experiment
from tests.unit.report.test_markdown_text import structure


def test_an_experiment_has_a_row_for_each_combination() -> None:
    of = experiment(*FOUR)
    lines = list(experiment_lines(experiment_summary(of)))
    assert lines[0] == "## ✅ `pools` passed"
    assert lines[2].startswith("4 runs in 12.5 s: every result verified")
    rows = [line for line in lines if line.startswith(("| `a` |", "| `b` |"))]
    for line, row in zip(rows, of.rows, strict=True):
        shown = spread("throughput_per_s", row.figures["throughput_per_s"])
        assert unescape(line.split(" | ")[1]) == shown
    assert unescape(rows[1]).split(" | ")[1] == "200 ±0.71*"
    assert unescape(lines[-1]) == BEST


def test_one_that_was_ended_early_says_so() -> None:
    of = experiment(*FOUR, planned=9, exit_code=130, repeats=1)
    lines = list(experiment_lines(experiment_summary(of)))
    assert lines[0] == "## ❌ `pools` partial"
    assert "4 of 9 runs in 12.5 s: interrupted (exit code 130)." in lines
    assert lines[-1] == ONE_RUN


def test_a_capacity_has_its_answer_in_front_and_a_row_for_each_step() -> None:
    lines = list(capacity_lines(capacity_summary(FOUND)))
    assert lines[0] == "## ✅ `naps`: 77.0/s"
    assert lines[2] == (
        "the highest rate of `sleep` with `task_duration p(95)<200ms` "
        "(80.0/s did not hold; 3 steps in 31.0 s; exit code 0)."
    )
    marks = [line.split(" | ")[4] for line in lines if "/s | 5 s |" in line]
    assert marks == ["✅", "❌", "✅"]
    assert any("in flight grew by 2.3/s" in line for line in lines)
    none = capacity_summary(replace(FOUND, held_per_s=None, exit_code=1))
    assert next(iter(capacity_lines(none))) == "## ❌ `naps`: none of the rates held"


def test_hostile_names_are_text() -> None:
    of = experiment(*FOUR, name=HOSTILE, description=HOSTILE)
    assert structure("\n".join(experiment_lines(experiment_summary(of)))) <= {"<code>", "</code>"}
    bad = replace(FOUND, name=HOSTILE, workload=HOSTILE, objectives=(HOSTILE,))
    assert structure("\n".join(capacity_lines(capacity_summary(bad)))) <= {"<code>", "</code>"}
