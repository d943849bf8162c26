"""The report kind ``csv``: tables for a spreadsheet.

Of a run they are its data, from which other reports are made; they are written as the run ends and
cannot be made again. Of an experiment and of a capacity they are made of the summary."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestrator.errors import UsageError
from orchestrator.judge.wording import clip
from orchestrator.records import VERDICTS
from orchestrator.report.atomic import atomic_write_text
from orchestrator.report.kinds import ReportKind
from orchestrator.report.stored import DATA_FILES, Subject, subject_of

TEXT_LIMIT = 500


class CsvFiles:
    """``series.csv`` and ``tasks.csv.gz``; ``runs.csv``; ``steps.csv``."""

    subjects: frozenset[Subject] = frozenset({"run", "experiment", "capacity"})
    needs_data = True

    def write(self, directory: Path, summary: Mapping[str, Any]) -> Sequence[Path]:
        subject = subject_of(summary)
        if subject == "run":
            return [_there(directory / name) for name in DATA_FILES]
        name, rows = ("runs.csv", _runs) if subject == "experiment" else ("steps.csv", _steps)
        text = io.StringIO(newline="")
        csv.writer(text).writerows(rows(summary))
        atomic_write_text(directory / name, text.getvalue())
        return [directory / name]


KIND: ReportKind = CsvFiles()


def _there(path: Path) -> Path:
    if not path.is_file():
        raise UsageError(f"{path} is not there: it was not kept when the run ended")
    return path


def _runs(summary: Mapping[str, Any]) -> Iterable[Sequence[Any]]:
    runs = summary["runs"]
    settings = sorted({key for run in runs for key in run["settings"]})
    figures = sorted({key for run in runs for key in run["figures"]})
    yield (
        "number", "repeat", "run_id", "directory",
        *(clip(key, TEXT_LIMIT) for key in settings),
        "exit_code", "partial",
        *figures,
        *VERDICTS,
        "thresholds_held_count", "thresholds_count",
    )  # fmt: skip
    for run in runs:
        yield (
            run["number"], run["repeat"], run["run_id"], run["directory"],
            *(clip(str(run["settings"].get(key, "")), TEXT_LIMIT) for key in settings),
            run["exit_code"], int(run["partial"]),
            *(run["figures"].get(key) for key in figures),
            *(run["verdicts"].get(verdict, 0) for verdict in VERDICTS),
            sum(each["passed"] for each in run["thresholds"]), len(run["thresholds"]),
        )  # fmt: skip


def _steps(summary: Mapping[str, Any]) -> Iterable[Sequence[Any]]:
    keys = ("rate_per_s", "duration_s", "completed_per_s", "dropped_count", "growth_per_s")
    yield (*keys, "samples_count", *summary["objectives"], *VERDICTS, "held", "why")
    for step in summary["steps"]:
        yield (
            *(step[key] for key in keys),
            step["samples_count"],
            *(each["observed"] for each in step["objectives"]),
            *(step["verdicts"].get(verdict, 0) for verdict in VERDICTS),
            int(step["held"]),
            clip("; ".join(step["why"]), TEXT_LIMIT),
        )
