from dataclasses import replace

from orchestrator.records import FigureKey
from orchestrator.report.markdown_comparison import comparison_markdown
from tests.unit.report.comparison_factory import HEADLINE, make_comparison, make_figure, make_side


def test_the_verdict_stands_first_and_gates_before_figures() -> None:
    text = comparison_markdown(make_comparison())
    lines = text.splitlines()
    assert lines[0] == "## ❌ Comparison"
    assert lines[2].startswith("**HEAD is worse: throughput -16.9 %.")
    assert "| ❌ | `throughput<-10%` | -16.9 % | beyond the limit and the noise |" in lines
    row = "| `throughput` | 142/s | 118/s | -16.9 % | -21.9 to -11.9 % | 🔴 worse |"
    assert text.index("throughput<-10%") < text.index(row)
    assert "- celery: 5.6.0 -&#62; 5.7.0" in lines
    assert "1 more figures show no difference beyond noise." in lines
    assert text.index("<details>") < text.index("`run{task:tasks.add} p(95)`")


def test_a_comparison_without_a_tripped_gate_passes() -> None:
    text = comparison_markdown(make_comparison(gates=(), details=(), allowed=()))
    assert text.startswith("## ✅ Comparison")
    assert "<details>" not in text
    assert "allowed" not in text


def test_names_of_others_are_not_obeyed() -> None:
    evil = "a|b`<script>@all\n# x"
    figure = make_figure(FigureKey("run", "avg", None, ("task", evil)), 1.0, 2.0, "worse")
    text = comparison_markdown(
        make_comparison(details=(figure,), base=make_side(evil), headline=HEADLINE)
    )
    assert "<script>" not in text
    assert "\n# x" not in text
    assert "@all" not in text


def test_an_unsure_gate_is_marked_as_such() -> None:
    comparison = make_comparison()
    gate = replace(comparison.gates[2], text="x>+1%")
    assert "| ❔ | `x>+1%` |" in comparison_markdown(replace(comparison, gates=(gate,)))
