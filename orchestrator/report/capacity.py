"""What the search for a capacity came to: a table of its steps, and the answer."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, TextIO

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from orchestrator.records import VERDICTS, Capacity, Step, ThresholdResult
from orchestrator.report import figures
from orchestrator.report.json_values import json_safe
from orchestrator.report.masking import masked
from orchestrator.report.terminal import BAD, GOOD, HEAD, QUIET, console_for, grid

VERSION = 1
"""Of the schema of a capacity's ``summary.json``."""

WIDTH = 120
"""Where there is no terminal."""


def print_capacity(
    capacity: Capacity, file: TextIO, directory: Path | None = None, *, width: int | None = None
) -> None:
    """Print steps and answer to ``file``, in colour only on a terminal."""
    console = console_for(file, width or (None if file.isatty() else WIDTH))
    with console.capture() as captured:
        console.print()
        title = f"  the highest rate of {capacity.workload} with {', '.join(capacity.objectives)}"
        console.print(Text.assemble("  ", (capacity.name, HEAD), title))
        console.print()
        console.print(Padding(_table(capacity), (0, 0, 0, 2)))
        console.print()
        if directory is not None:
            console.print(Text(f"  report  {directory}"))
            console.print()
        console.print(_answer(capacity))
    lines = (line.rstrip() for line in captured.get().split("\n"))
    file.write("\n".join(lines))


def step_cells(step: Step) -> tuple[str, ...]:
    """Rate, length, completed per second, growth, each objective's value."""
    return (
        f"{figures.decimal(step.rate_per_s)}/s",
        f"{step.duration_s:g} s",
        f"{figures.decimal(step.completed_per_s)}/s",
        *(
            figures.UNKNOWN if each.observed is None else figures.decimal(each.observed)
            for each in step.objectives
        ),
    )


def _table(capacity: Capacity) -> Table:
    headings = ("rate", "for", "completed", *capacity.objectives, "", "")
    table = grid(len(headings), *headings, right=range(len(headings) - 2))
    for step in capacity.steps:
        word = Text("held", style=GOOD) if step.held else Text("not held", style=BAD)
        table.add_row(*step_cells(step), word, Text("; ".join(step.why), style=QUIET))
    return table


def _answer(capacity: Capacity) -> Text:
    if capacity.held_per_s is None:
        return Text.assemble("  ", ("NONE", BAD), f" of the rates held ({reservation(capacity)})")
    said = f" ({reservation(capacity)})"
    return Text.assemble("  ", ("CAPACITY", GOOD), " ", (held(capacity), HEAD), said)


def held(capacity: Capacity) -> str:
    """The answer: ``at least 77.0/s``, or that there is none."""
    if capacity.held_per_s is None:
        return "none of the rates held"
    more = "" if capacity.limited_by == "objective" else "at least "
    return f"{more}{figures.decimal(capacity.held_per_s)}/s"


def reservation(capacity: Capacity) -> str:
    """Why the answer is not more, and what it took."""
    count = len(capacity.steps)
    steps = f"{count} step{'' if count == 1 else 's'}"
    return f"{_limit(capacity)}; {steps} in {figures.seconds(capacity.duration_s)}"


def _limit(capacity: Capacity) -> str:
    failed = capacity.failed_per_s
    above = "" if failed is None else f"{figures.decimal(failed)}/s did not hold"
    reasons = {
        "objective": above,
        "max-rate": "the highest rate that was asked for",
        "orchestrator": "the orchestrator could not send more",
        "time": "no time left",
        "stopped": "stopped",
    }
    reason = reasons[capacity.limited_by]
    return reason if capacity.limited_by == "objective" or not above else f"{above}; {reason}"


def capacity_summary(capacity: Capacity) -> dict[str, Any]:
    """The answer and its steps as data that ``json.dumps`` takes as it is."""
    document = {
        "version": VERSION,
        "kind": "capacity",
        **{key: value for key, value in asdict(capacity).items() if key != "steps"},
        "steps": [_step(step) for step in capacity.steps],
    }
    safe: dict[str, Any] = json_safe(masked(document))
    return safe


def stored_capacity(summary: Mapping[str, Any]) -> Capacity:
    """The record that `capacity_summary` made ``summary`` of."""
    kept = {field.name: summary[field.name] for field in fields(Capacity)}
    kept["objectives"] = tuple(summary["objectives"])
    return Capacity(**{**kept, "steps": tuple(map(_stored_step, summary["steps"]))})


def _stored_step(step: Mapping[str, Any]) -> Step:
    return Step(
        rate_per_s=step["rate_per_s"],
        duration_s=step["duration_s"],
        completed_per_s=step["completed_per_s"],
        dropped=step["dropped_count"],
        growth_per_s=step["growth_per_s"],
        samples=step["samples_count"],
        objectives=tuple(ThresholdResult(**each) for each in step["objectives"]),
        verdicts=step["verdicts"],
        why=tuple(step["why"]),
    )


def _step(step: Step) -> dict[str, Any]:
    about = asdict(step)
    about["held"] = step.held
    about["verdicts"] = {verdict: step.verdicts.get(verdict, 0) for verdict in VERDICTS}
    about["dropped_count"] = about.pop("dropped")
    about["samples_count"] = about.pop("samples")
    return about
