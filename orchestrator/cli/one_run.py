"""One run: in an event loop of its own, ended early by signals, and written down."""

import secrets
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import click

from orchestrator.cli.error_report import report_error
from orchestrator.cli.github import append_step_summary
from orchestrator.cli.options import Scenario
from orchestrator.cli.reports import Kinds
from orchestrator.errors import ExitCode
from orchestrator.records import RunResult
from orchestrator.report.new_directory import make_directory, with_logs

if TYPE_CHECKING:
    from orchestrator.laboratory import Progress

SEVERITY = (
    ExitCode.BUG,
    ExitCode.TERMINATED,
    ExitCode.INTERRUPTED,
    ExitCode.ENVIRONMENT,
    ExitCode.VERIFICATION_FAILED,
    ExitCode.THRESHOLD_FAILED,
)


def worst(codes: Sequence[ExitCode]) -> ExitCode:
    """The exit code of several runs: the one that says most."""
    return min(codes, key=lambda code: SEVERITY.index(code) if code in SEVERITY else len(SEVERITY))


def run_scenario(scenario: Scenario, out: Path, progress: "Progress") -> tuple[RunResult, Path]:
    """Run one scenario in an event loop of its own; SIGINT and SIGTERM end it early and cleanly."""
    run_id = secrets.token_hex(3)
    directory = make_directory(out, scenario.plan.name, run_id)
    with with_logs(directory):
        result, error = anyio.run(_execute, scenario, directory, run_id, progress)
    if error is not None:
        report_error(error)
    return result, directory


async def _execute(
    scenario: Scenario, directory: Path, run_id: str, progress: "Progress"
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


def write_run(result: RunResult, directory: Path, kinds: Kinds | None = None) -> ExitCode:
    """Write the run directory with these kinds of report (None: all); gives the exit code.

    A disk that is full costs the files, not the verdict on stdout."""
    from orchestrator.report.run_directory import write_run_directory

    code = ExitCode(result.exit_code)
    with written_or_said(directory) as written:
        write_run_directory(result, directory, kinds)
    return code if written else worst([code, ExitCode.ENVIRONMENT])


@contextmanager
def written_or_said(directory: Path) -> Iterator[list[bool]]:
    """What is written in the block may fail: then stderr says so. Gives a list that has something
    in it afterwards only when all was written."""
    written: list[bool] = []
    try:
        yield written
        written.append(True)
    except OSError as exc:
        where = exc.filename or directory
        click.echo(f"the report cannot be written: {where}: {exc.strerror}; see --out", err=True)


def report_run(
    result: RunResult, directory: Path, *, as_json: bool, kinds: Kinds | None = None
) -> tuple[object, ExitCode]:
    """Write the run directory and print the summary; gives the summary's document and the exit
    code."""
    from orchestrator.report.console import print_summary
    from orchestrator.report.summary import summary

    code = write_run(result, directory, kinds)
    if not as_json:
        print_summary(result, sys.stdout, directory)
    to_step_summary(directory, kinds)
    return summary(result), code


def to_step_summary(directory: Path, kinds: Kinds | None) -> None:
    """Add the Markdown, where it is wanted, to the summary of the CI step."""
    from orchestrator.report.markdown import FILE_NAME

    if kinds is None or "md" in kinds:
        append_step_summary(directory / FILE_NAME)
