"""A comparison as Markdown, for a pull request or the summary of a CI job."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from orchestrator.records import Comparison, FigureChange, GateResult, GateState, Meaning
from orchestrator.report import figures
from orchestrator.report.comparison import (
    DETAILS_SHOWN,
    MEANING_WORDS,
    counted_details,
    fact_lines,
    shown,
    side_words,
)
from orchestrator.report.markdown_text import BAD, GOOD, code, plain, table

_MARKS: Mapping[Meaning, str] = {"better": "🟢 ", "worse": "🔴 "}
_GATES: Mapping[GateState, str] = {"held": GOOD, "tripped": BAD, "unsure": "❔"}
_HEADINGS = ("", "base", "head", "change", "99 % interval", "")


def comparison_markdown(comparison: Comparison) -> str:
    """The whole document. Nothing in it is obeyed that others have named."""
    return "\n".join(_lines(comparison)).rstrip("\n") + "\n"


def _lines(comparison: Comparison) -> Iterator[str]:
    yield f"## {BAD if comparison.tripped else GOOD} Comparison"
    yield from ("", f"**{plain(comparison.verdict, 1000)}**", "")
    yield from _gates(comparison.gates)
    yield from _figures(comparison.headline)
    differing, alike = counted_details(comparison)
    if differing:
        yield from ("<details><summary>Where to look (these do not decide)</summary>", "")
        yield from _figures(differing[:DETAILS_SHOWN])
        yield from ("</details>", "")
    if alike:
        yield from (f"{alike} more figures show no difference beyond noise.", "")
    yield from _listed(fact_lines(comparison))
    sides = (("BASE", comparison.base), ("HEAD", comparison.head))
    yield from _listed(f"{name}: {side_words(side)}" for name, side in sides)
    yield from _listed(f"allowed: {each.words}" for each in comparison.allowed)
    for note in comparison.notes:
        yield from (f"<sub>{plain(note, 500)}</sub>", "")


def _figures(rows: Sequence[FigureChange]) -> Iterator[str]:
    yield from table(
        _HEADINGS,
        (
            (
                code(str(each.key)),
                shown(each.key, each.base),
                shown(each.key, each.head),
                figures.change(each.change),
                figures.span(each.interval),
                _MARKS.get(each.meaning, "") + MEANING_WORDS[each.meaning],
            )
            for each in rows
        ),
        right=(1, 2, 3, 4),
    )


def _gates(gates: Sequence[GateResult]) -> Iterator[str]:
    if gates:
        yield from table(
            ("", "fail if", "change", "why"),
            (
                (
                    _GATES[gate.state],
                    code(gate.text),
                    figures.change(gate.figure.change),
                    plain(gate.words, 200),
                )
                for gate in gates
            ),
            right=(2,),
        )


def _listed(lines: Iterable[str]) -> Iterator[str]:
    made = [f"- {plain(line, 500)}" for line in lines]
    if made:
        yield from (*made, "")
