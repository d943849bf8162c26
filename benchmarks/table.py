"""A report as text for a person, and as plain data for a file."""

import dataclasses
from collections.abc import Iterator
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.records import Fact, Figure, Report

_MARKS = {
    "held": "[green]✓[/]",
    "missed": "[red]✗[/]",
    "info": "-",
    "skipped": "[yellow]skipped[/]",
    "wrong": "[red]WRONG[/]",
    "failed": "[red]failed[/]",
}


def print_report(report: Report, console: Console) -> None:
    """The rows, the facts behind them, and what must be known to read them."""
    console.print(_rows(report))
    console.print(_facts(report.facts))
    for line in _remarks(report):
        console.print(line, highlight=False)


def plain(report: Report) -> dict[str, Any]:
    """For JSON."""
    return {"version": 1, **dataclasses.asdict(report)}


def number(value: float) -> str:
    """Three significant digits, thousands apart; never an exponent."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _rows(report: Report) -> Table:
    table = Table(title="The client against stock Celery: medians of interleaved repeats")
    for heading in ("row", "what"):
        table.add_column(heading, overflow="fold")
    for heading in ("floor", "measured", "lowest - highest", "n"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("")
    for figure in report.figures:
        table.add_row(*_cells(figure))
    return table


def _cells(figure: Figure) -> tuple[str, ...]:
    row = figure.row
    sign = "≥" if row.better == "higher" else "≤"
    floor = f"{sign} {row.floor:g} {row.unit}"
    if figure.value is None or figure.lowest is None or figure.highest is None:
        return row.name, row.title, floor, "", "", "", _MARKS[figure.status]
    spread = f"{number(figure.lowest)} - {number(figure.highest)}" if figure.repeats > 1 else ""
    measured = f"{number(figure.value)} {row.unit}"
    return (
        row.name,
        row.title,
        floor,
        measured,
        spread,
        str(figure.repeats),
        _MARKS[figure.status],
    )


def _facts(facts: tuple[Fact, ...]) -> Table:
    table = Table(title="What stands behind the ratios")
    table.add_column("what", overflow="fold")
    for heading in ("median", "lowest", "highest"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("unit")
    for fact in facts:
        values = median(fact.values), min(fact.values), max(fact.values)
        table.add_row(fact.name, *map(number, values), fact.unit)
    return table


def _remarks(report: Report) -> Iterator[str]:
    for figure in report.figures:
        if figure.reason:
            yield f"{figure.row.name}: {figure.status}: {figure.reason}"
    yield from report.notes
    if report.effort.scale < 1:
        yield f"scale {report.effort.scale:g}: too little for a verdict, the floors are not judged"
    yield ", ".join(f"{name} {value}" for name, value in report.environment.items())
    yield f"{report.duration_s:.0f} s in all"
