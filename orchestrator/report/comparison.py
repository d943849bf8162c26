"""What two sides differ in: text for the console, one document for programs."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, TextIO

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from orchestrator.judge.wording import clip
from orchestrator.records import (
    Comparison,
    FigureChange,
    FigureKey,
    GateResult,
    GateState,
    Meaning,
    SideSummary,
)
from orchestrator.report import figures
from orchestrator.report.json_values import json_safe
from orchestrator.report.terminal import BAD, GOOD, HEAD, QUIET, console_for, grid
from orchestrator.scenario.changes import COMPARED, CPU

COMPARISON_VERSION = 1
"""Of the schema of the document."""
PLAIN_WIDTH = 120
NAME_LIMIT = 60
DETAILS_SHOWN = 20
MEANING_WORDS: Mapping[Meaning, str] = {
    "better": "better",
    "worse": "worse",
    "changed": "changed",
    "small": "too small to count",
    "noise": "within noise",
    "unknown": "cannot be told",
}
_STYLES: Mapping[Meaning, str] = {"better": GOOD, "worse": BAD, "changed": HEAD}
GATE_WORDS: Mapping[GateState, str] = {"held": "held", "tripped": "TRIPPED", "unsure": "unsure"}
_GATE_STYLES: Mapping[GateState, str] = {"held": GOOD, "tripped": BAD, "unsure": HEAD}
HEADINGS = ("", "base", "head", "change", "99 % interval", "")


def print_comparison(
    comparison: Comparison, file: TextIO, *, everything: bool = False, width: int | None = None
) -> None:
    """Print it to ``file``, in colour only on a terminal; details that show no difference only with
    ``everything``."""
    console = console_for(file, width or (None if file.isatty() else PLAIN_WIDTH))
    with console.capture() as captured:
        _head(console, comparison)
        _indented(console, _table(comparison.headline, HEADINGS))
        _details(console, comparison, everything=everything)
        _facts(console, comparison)
        _gates(console, comparison.gates)
        console.print()
        for note in comparison.notes:
            _indented(console, Text(note, style=QUIET))
        console.print()
        _indented(console, Text(comparison.verdict, style=_tone(comparison)))
    lines = (line.rstrip() for line in captured.get().split("\n"))
    file.write("\n".join(lines))


def _head(console: Console, comparison: Comparison) -> None:
    console.print()
    for name, side in (("BASE", comparison.base), ("HEAD", comparison.head)):
        _indented(console, Text.assemble((name, HEAD), f"  {side_words(side)}"))
    for each in comparison.allowed:
        _indented(console, Text(f"allowed: {clip(each.words, 400)}", style=QUIET))
    console.print()


def _table(rows: Sequence[FigureChange], headings: Sequence[str]) -> Table:
    table = grid(len(headings), *headings, right=range(1, 5))
    for each in rows:
        table.add_row(
            Text(clip(str(each.key), NAME_LIMIT)),
            shown(each.key, each.base),
            shown(each.key, each.head),
            figures.change(each.change),
            figures.span(each.interval),
            Text(MEANING_WORDS[each.meaning], style=_STYLES.get(each.meaning, QUIET)),
        )
    return table


def _details(console: Console, comparison: Comparison, *, everything: bool) -> None:
    differing, alike = counted_details(comparison)
    rows = comparison.details if everything else differing[:DETAILS_SHOWN]
    more = len(differing) - len(rows)
    console.print()
    if rows:
        _indented(console, Text("Where to look (these do not decide)", style=HEAD))
        _indented(console, _table(rows, HEADINGS))
    if everything:
        return
    said = f"{alike} more figures show no difference beyond noise" if alike else ""
    if more > 0:
        said = f"{more} more figures differ, " + (said or "see --json")
    _indented(console, Text(f"{said}: --all shows them" if said else "", style=QUIET))


def _facts(console: Console, comparison: Comparison) -> None:
    lines = [*fact_lines(comparison)]
    if lines:
        console.print()
    for line in lines:
        _indented(console, Text(line))


def fact_lines(comparison: Comparison) -> list[str]:
    """What is counted and not estimated: verdicts, thresholds, versions, where they differ."""
    base, head = comparison.base, comparison.head
    lines = [
        f"{figures.VERDICT_WORDS[name]}: {base.verdicts[name]:,} -> {head.verdicts[name]:,} tasks"
        for name in base.verdicts
        if name != "ok" and (base.verdicts[name] or head.verdicts[name])
    ]
    lines += [
        f"threshold {clip(f'{each.metric} {each.expression}', NAME_LIMIT)}: held in "
        f"{each.base_held} of {each.base_count} -> {each.head_held} of {each.head_count} runs"
        for each in comparison.thresholds
        if each.differs
    ]
    return lines + [
        f"{clip(each.name, 40)}: {clip(each.base, 80)} -> {clip(each.head, 80)}"
        for each in comparison.environment
    ]


def _gates(console: Console, gates: Sequence[GateResult]) -> None:
    if not gates:
        return
    console.print()
    table = grid(4)
    for gate in gates:
        figure = gate.figure
        changed = f"{figures.change(figure.change)} ({figures.span(figure.interval)})"
        table.add_row(
            Text(GATE_WORDS[gate.state], style=_GATE_STYLES[gate.state]),
            Text(f"fail if {clip(gate.text, NAME_LIMIT)}"),
            changed
            if figure.interval
            else f"{shown(figure.key, figure.base)} -> {shown(figure.key, figure.head)}",
            Text(gate.words),
        )
    _indented(console, table)


def _indented(console: Console, what: Table | Text) -> None:
    console.print(Padding(what, (0, 0, 0, 2)))


def _tone(comparison: Comparison) -> str:
    meanings = {each.meaning for each in comparison.headline}
    if comparison.tripped or "worse" in meanings:
        return BAD
    return GOOD if "better" in meanings else HEAD


def shown(key: FigureKey, value: float | None) -> str:
    """A figure with its unit."""
    if value is None:
        return figures.UNKNOWN
    unit = unit_of(key)
    if unit == "bytes":
        return figures.size(value)
    if unit == "ratio":
        return figures.ratio(value)
    if unit == "per second":
        return f"{figures.decimal(value)}/s"
    if unit == "count":
        return f"{value:,.0f}" if float(value).is_integer() else figures.decimal(value)
    return f"{figures.decimal(value)} {unit}"


def unit_of(key: FigureKey) -> str:
    """``ms``, ``per second``, ``ratio``, ``bytes``, ``count`` or ``s``."""
    return "s" if key.metric == CPU else COMPARED[key.metric].unit


def counted_details(comparison: Comparison) -> tuple[list[FigureChange], int]:
    """The details that differ beyond noise, the largest changes first, and how many do not."""
    differing = [each for each in comparison.details if each.meaning not in ("noise", "unknown")]
    differing.sort(key=lambda each: -abs(each.interval.change if each.interval else 0.0))
    return differing, len(comparison.details) - len(differing)


def side_words(side: SideSummary) -> str:
    """``runs/a (3 runs)``"""
    count = len(side.runs)
    return f"{clip(side.name, 120)} ({count} run{'s' if count != 1 else ''})"


def comparison_document(comparison: Comparison) -> dict[str, Any]:
    """The comparison as data that ``json.dumps`` takes as it is."""
    document = {
        "version": COMPARISON_VERSION,
        "kind": "comparison",
        "verdict": comparison.verdict,
        "tripped": comparison.tripped,
        "noise": comparison.noise,
        "least_ratio": comparison.least,
        "base": asdict(comparison.base),
        "head": asdict(comparison.head),
        "headline": [_figure(each) for each in comparison.headline],
        "details": [_figure(each) for each in comparison.details],
        "gates": [
            {
                "fail_if": gate.text,
                "state": gate.state,
                "why": gate.words,
                "figure": _figure(gate.figure),
            }
            for gate in comparison.gates
        ],
        "thresholds": [asdict(each) for each in comparison.thresholds],
        "environment": [asdict(each) for each in comparison.environment],
        "allowed": [asdict(each) for each in comparison.allowed],
        "notes": list(comparison.notes),
    }
    safe: dict[str, Any] = json_safe(document)
    return safe


def _figure(figure: FigureChange) -> dict[str, Any]:
    interval = figure.interval
    return {
        "name": str(figure.key),
        "metric": figure.key.metric,
        "aggregation": figure.key.aggregation,
        "percentile": figure.key.percentile,
        "tag": None if figure.key.tag is None else dict([figure.key.tag]),
        "unit": unit_of(figure.key),
        "base": figure.base,
        "head": figure.head,
        "change_ratio": figure.change,
        "low_ratio": None if interval is None else interval.low,
        "high_ratio": None if interval is None else interval.high,
        "meaning": figure.meaning,
    }
