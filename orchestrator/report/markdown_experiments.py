"""``summary.md`` of many runs: of an experiment, and of the search for a capacity."""

from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.errors import ExitCode
from orchestrator.records import FigureSpread
from orchestrator.report.capacity import held, reservation, step_cells, stored_capacity
from orchestrator.report.ending import experiment_ending
from orchestrator.report.experiment import HEADINGS, note, spread
from orchestrator.report.markdown_text import BAD, GOOD, SEE_SUMMARY, code, plain, table


def experiment_lines(summary: Mapping[str, Any]) -> Iterator[str]:
    """The document of an experiment; ``summary`` is its ``summary.json``."""
    about, rows = summary["experiment"], summary["rows"]
    failed = bool(about["exit_code"])
    word = "passed" if not failed else "partial" if about["partial"] else "failed"
    made, planned = len(summary["runs"]), about["planned_count"]
    yield f"## {BAD if failed else GOOD} {code(about['name'])} {word}"
    yield ""
    yield experiment_ending(about["exit_code"], made, planned, about["duration_s"]) + "."
    yield f"Experiment {code(about['id'])}"
    yield ""
    if about["description"]:
        yield from (plain(about["description"], 300), "")
    names = list(dict.fromkeys(name for row in rows for name in row["axes"])) or [""]
    headings = (*(code(name) for name in names), *HEADINGS.values(), "not ok", "held")
    figures_in = range(len(names), len(headings))
    cells = (_cells(row, names) for row in rows)
    yield from table(headings, cells, right=figures_in, left_out=SEE_SUMMARY)
    spreads = (FigureSpread(**each) for row in rows for each in row["figures"].values())
    yield plain(note(about["repeats_count"], spreads), 200)


def _cells(row: Mapping[str, Any], names: list[str]) -> tuple[str, ...]:
    bad = sum(count for verdict, count in row["verdicts"].items() if verdict != "ok")
    thresholds = row["thresholds"]
    return (
        *(code(row["axes"].get(name, ""), 60) for name in names),
        *(plain(spread(name, FigureSpread(**row["figures"][name]))) for name in HEADINGS),
        f"{bad:,}",
        f"{thresholds['held_count']}/{thresholds['count']}",
    )


def capacity_lines(summary: Mapping[str, Any]) -> Iterator[str]:
    """The document of the search for a capacity; ``summary`` is its ``summary.json``."""
    capacity = stored_capacity(summary)
    found = capacity.exit_code == ExitCode.PASSED
    asked = f"the highest rate of {code(capacity.workload)} with"
    objectives = ", ".join(code(objective) for objective in capacity.objectives)
    yield f"## {GOOD if found else BAD} {code(capacity.name)}: {held(capacity)}"
    yield ""
    yield f"{asked} {objectives} ({reservation(capacity)}; exit code {capacity.exit_code})."
    yield ""
    names = (code(objective) for objective in capacity.objectives)
    headings = ("rate", "for", "completed", *names, "", "why not")
    rows = (
        (
            *map(plain, step_cells(step)),
            GOOD if step.held else BAD,
            plain("; ".join(step.why), 200),
        )
        for step in capacity.steps
    )
    figures_in = range(len(headings) - 2)
    yield from table(headings, rows, right=figures_in, left_out=SEE_SUMMARY)
