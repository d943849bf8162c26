"""``run``: scenarios in, a verdict out."""

import json
import secrets
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import anyio
import click

from orchestrator.cli.check import describe
from orchestrator.cli.error_report import report_error
from orchestrator.cli.options import Scenario, load_scenarios, scenario_options
from orchestrator.cli.progress import Live, Plain, Silent, open_progress
from orchestrator.errors import ExitCode, UsageError
from orchestrator.records import RunResult

SEVERITY = (
    ExitCode.BUG,
    ExitCode.TERMINATED,
    ExitCode.INTERRUPTED,
    ExitCode.ENVIRONMENT,
    ExitCode.VERIFICATION_FAILED,
    ExitCode.THRESHOLD_FAILED,
)


@click.command(
    "run",
    epilog="\b\nExamples:\n"
    "  python -m orchestrator run scenarios/mixed.yaml\n"
    "  python -m orchestrator run scenarios/smoke.yaml --json > result.json\n"
    "  python -m orchestrator run my.yaml --broker redis://localhost:6379/0 --set seed=3",
)
@scenario_options
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("runs"),
    show_default=True,
    help="Where run directories are made.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print the summary as one JSON document on stdout."
)
@click.option("--dry-run", is_flag=True, help="Validate and print the plan; start nothing.")
@click.option("-q", "--quiet", is_flag=True, help="No progress on stderr.")
@click.option("-v", "--verbose", is_flag=True, help="A line each second, and what the client logs.")
def command(
    scenarios: tuple[Path, ...],
    overrides: tuple[str, ...],
    target: str | None,
    broker: str | None,
    out: Path,
    as_json: bool,
    dry_run: bool,
    quiet: bool,
    verbose: bool,
) -> int:
    """Run SCENARIO files, one after the other, and give a verdict.

    Starts the broker and the worker pools that each file asks for, sends its workloads, checks
    every result by id and by value, prints a summary, writes a run directory, and exits with the
    worst verdict of all."""
    loaded = load_scenarios(scenarios, overrides, target, broker)
    if dry_run:
        click.echo(describe(loaded))
        return ExitCode.PASSED
    documents = []
    codes = []
    for scenario in loaded:
        progress = open_progress(quiet=quiet, verbose=verbose, name=scenario.plan.name)
        result, directory = run_scenario(scenario, out, progress)
        document, code = _report(result, directory, as_json=as_json)
        documents.append(document)
        codes.append(code)
        if result.exit_code in (ExitCode.INTERRUPTED, ExitCode.TERMINATED):
            break
    if as_json:
        click.echo(json.dumps(documents[0] if len(loaded) == 1 else {"runs": documents}, indent=2))
    return worst(codes)


def worst(codes: Sequence[ExitCode]) -> ExitCode:
    """The exit code of several runs: the one that says most."""
    return min(codes, key=lambda code: SEVERITY.index(code) if code in SEVERITY else len(SEVERITY))


def run_scenario(
    scenario: Scenario, out: Path, progress: Silent | Live | Plain
) -> tuple[RunResult, Path]:
    """Run one scenario in an event loop of its own; SIGINT and SIGTERM end it early and cleanly."""
    run_id = secrets.token_hex(3)
    directory = make_run_directory(out, scenario.plan.name, run_id)
    with progress:
        result, error = anyio.run(_execute, scenario, directory, run_id, progress)
    if error is not None:
        report_error(error)
    return result, directory


def make_run_directory(out: Path, name: str, run_id: str) -> Path:
    """``out/<name>-<UTC time>-<run id>``, new. Raises `UsageError` when it cannot be made."""
    directory = out / f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{run_id}"
    try:
        (directory / "workers").mkdir(parents=True)
    except OSError as exc:
        raise UsageError(
            f"cannot make the run directory {directory}: {exc.strerror}; see --out"
        ) from exc
    return directory


async def _execute(
    scenario: Scenario, directory: Path, run_id: str, progress: Silent | Live | Plain
) -> tuple[RunResult, BaseException | None]:
    from orchestrator.run import Run

    run = Run(scenario.plan, scenario.app, directory, run_id, progress)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_stop_on_signal, run)
        result = await run.execute()
        tasks.cancel_scope.cancel()
    return result, run.error


async def _stop_on_signal(run: "object") -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for number in signals:
            run.stop(signal.Signals(number).name)  # type: ignore[attr-defined]


def _report(result: RunResult, directory: Path, *, as_json: bool) -> tuple[object, ExitCode]:
    """Write the run directory and print the summary; gives the summary's document and the exit
    code.

    A disk that is full costs the files, not the summary on stdout."""
    from orchestrator.report.console import print_summary
    from orchestrator.report.run_directory import write_run_directory
    from orchestrator.report.summary import summary

    code = ExitCode(result.exit_code)
    try:
        write_run_directory(result, directory)
    except OSError as exc:
        where = exc.filename or directory
        click.echo(f"the report cannot be written: {where}: {exc.strerror}; see --out", err=True)
        code = worst([code, ExitCode.ENVIRONMENT])
    if not as_json:
        print_summary(result, sys.stdout, directory)
    return summary(result), code
