"""`python -m benchmarks`: the only module that prints or exits."""

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import anyio
import click
from rich.console import Console

from benchmarks.measure import measure
from benchmarks.records import BenchmarkError, Effort, Report
from benchmarks.registry import chosen, names
from benchmarks.table import plain, print_report
from orchestrator.errors import OrchestratorError

NOT_A_TERMINAL_WIDTH = 140


@click.command("benchmarks", epilog="Rows and experiments: " + ", ".join(names()))
@click.argument("rows", nargs=-1)
@click.option("--repeats", type=click.IntRange(1), help="Rounds of each experiment.")
@click.option(
    "--scale",
    type=click.FloatRange(0, 1, min_open=True),
    default=1.0,
    help="Share of the tasks; below 1 the floors are not judged.",
)
@click.option("--no-fail", is_flag=True, help="Exit 0 also when a row misses its floor.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("runs"),
    show_default=True,
    help="Where bench-<UTC time>.json goes.",
)
def command(
    rows: Sequence[str], repeats: int | None, scale: float, no_fail: bool, out: Path
) -> None:
    """Measure the client against stock Celery and print the table; ROWS: only these.

    Exit code 1: a row missed its floor, gave wrong results or could not be measured.
    """
    try:
        picked = chosen(rows)
        report = anyio.run(measure, picked, Effort(repeats, scale), _progress)
    except BenchmarkError as exc:
        raise click.UsageError(str(exc)) from exc
    except OrchestratorError as exc:
        raise click.ClickException(str(exc)) from exc
    print_report(report, _console())
    _progress(f"written: {_write(report, out)}")
    sys.exit(exit_code(report, no_fail=no_fail))


def exit_code(report: Report, *, no_fail: bool) -> int:
    """``no_fail`` forgives slowness, never a wrong result or a row that broke."""
    bad = {"wrong", "failed"} if no_fail else {"wrong", "failed", "missed"}
    return 1 if any(figure.status in bad for figure in report.figures) else 0


def _write(report: Report, directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"bench-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(plain(report), indent=2) + "\n")
    return path


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else NOT_A_TERMINAL_WIDTH)


def _progress(line: str) -> None:
    click.echo(line, err=True)


if __name__ == "__main__":
    command(prog_name="python -m benchmarks")
