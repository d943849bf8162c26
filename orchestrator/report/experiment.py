"""What many runs came to: one table on the console, one document."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from rich.padding import Padding
from rich.text import Text

from orchestrator.records import VERDICTS, Experiment, Figure, FigureSpread, Row, Trial
from orchestrator.report import figures
from orchestrator.report.ending import experiment_ending
from orchestrator.report.html.experiment import EXPERIMENT_VERSION
from orchestrator.report.json_values import json_safe
from orchestrator.report.masking import masked
from orchestrator.report.terminal import BAD, GOOD, HEAD, QUIET, console_for, grid

HEADINGS: Mapping[Figure, str] = {
    "throughput_per_s": "tasks/s",
    "p50_ms": "p50 ms",
    "p95_ms": "p95 ms",
    "p99_ms": "p99 ms",
    "worker_cpu_s_per_1000_tasks": "cpu s/1k",
    "worker_rss_max_bytes": "max rss",
}
PLAIN_WIDTH = 120
"""Where there is no terminal: rows of a table must stay on one line."""

BEST_MARK = "*"
BEST = f"{BEST_MARK} better than every other by more than the noise (Welch's t test, 95 %)"
NO_BEST = "no figure is better than every other by more than the noise (Welch's t test, 95 %)"
ONE_RUN = "one run each: what is noise cannot be told (repeats: 3, or --repeats 3, tells)"


def print_experiment(
    experiment: Experiment, file: TextIO, directory: Path | None = None, *, width: int | None = None
) -> None:
    """Print the table to ``file``, in colour only on a terminal."""
    console = console_for(file, width or (None if file.isatty() else PLAIN_WIDTH))
    with console.capture() as captured:
        console.print()
        console.print(Text.assemble("  ", (experiment.name, HEAD), f"  {experiment.description}"))
        console.print()
        console.print(Padding(_table(experiment), (0, 0, 0, 2)))
        spreads = (figure for row in experiment.rows for figure in row.figures.values())
        console.print(Text(f"  {note(experiment.repeats, spreads)}", style=QUIET))
        console.print()
        if directory is not None:
            console.print(Text(f"  report  {directory}"))
            console.print()
        console.print(_ending(experiment))
    lines = (line.rstrip() for line in captured.get().split("\n"))
    file.write("\n".join(lines))


def _table(experiment: Experiment) -> Any:
    names = list(dict.fromkeys(name for row in experiment.rows for name in row.axes)) or [""]
    headings = (*names, *HEADINGS.values(), "not ok", "held")
    table = grid(len(headings), *headings, right=range(len(names), len(headings)))
    for row in experiment.rows:
        bad = sum(count for verdict, count in row.verdicts.items() if verdict != "ok")
        held, of = row.thresholds
        table.add_row(
            *(Text(row.axes.get(name, "")) for name in names),
            *(_cell(name, row.figures[name]) for name in HEADINGS),
            Text(f"{bad:,}", style=BAD if bad else QUIET),
            Text(f"{held}/{of}", style=BAD if held < of else ""),
        )
    return table


def _cell(name: Figure, figure: FigureSpread) -> Text:
    return Text(spread(name, figure), style=GOOD if figure.best else "")


def spread(name: Figure, figure: FigureSpread) -> str:
    """The mean, with its standard deviation where there is one, and a mark for the best."""
    if figure.mean is None:
        return figures.UNKNOWN
    shown = _shown(name, figure.mean)
    if figure.deviation is not None:
        shown += f" ±{_shown(name, figure.deviation)}"
    return shown + (BEST_MARK if figure.best else "")


def _shown(name: Figure, value: float) -> str:
    return figures.size(value) if name == "worker_rss_max_bytes" else figures.decimal(value)


def note(repeats: int, figures_of_rows: Iterable[FigureSpread]) -> str:
    """What the marks in the table are worth."""
    if repeats < 2:
        return ONE_RUN
    return BEST if any(figure.best for figure in figures_of_rows) else NO_BEST


def _ending(experiment: Experiment) -> Text:
    code = experiment.exit_code
    word = "PASSED" if not code else "PARTIAL" if experiment.partial else "FAILED"
    made, planned = len(experiment.trials), experiment.planned
    said = experiment_ending(code, made, planned, experiment.duration_s)
    return Text.assemble("  ", (word, GOOD if not code else BAD), f" {said}")


def experiment_summary(experiment: Experiment) -> dict[str, Any]:
    """The experiment as data that ``json.dumps`` takes as it is. Holds no secret."""
    document = {
        "version": EXPERIMENT_VERSION,
        "kind": "experiment",
        "experiment": {
            "id": experiment.id,
            "name": experiment.name,
            "description": experiment.description,
            "seed": experiment.seed,
            "keys": list(experiment.keys),
            "repeats_count": experiment.repeats,
            "planned_count": experiment.planned,
            "duration_s": experiment.duration_s,
            "exit_code": experiment.exit_code,
            "partial": experiment.partial,
        },
        "rows": [_row(row) for row in experiment.rows],
        "runs": [_trial(trial) for trial in experiment.trials],
    }
    safe: dict[str, Any] = json_safe(masked(document))
    return safe


def _row(row: Row) -> dict[str, Any]:
    held, of = row.thresholds
    return {
        "axes": dict(row.axes),
        "settings": dict(row.settings),
        "runs": [trial.run_id for trial in row.trials],
        "figures": {name: asdict(figure) for name, figure in row.figures.items()},
        "verdicts": {verdict: row.verdicts.get(verdict, 0) for verdict in VERDICTS},
        "thresholds": {"held_count": held, "count": of},
    }


def _trial(trial: Trial) -> dict[str, Any]:
    about = asdict(trial)
    about["settings"] = dict(trial.settings)
    about["figures"] = dict(trial.figures)
    return about
