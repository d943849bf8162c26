"""Errors on stderr: one clear line for the user's and the world's, a traceback only for our own."""

import traceback

import click

from orchestrator.cli.github import Annotations, of_problem
from orchestrator.errors import (
    ExitCode,
    OrchestratorError,
    PoolFailed,
    ScenarioError,
    root_error,
)


def report_error(error: BaseException) -> int:
    """Say on stderr what went wrong and return the exit code that goes with it."""
    cause = root_error(error)
    if isinstance(cause, OrchestratorError):
        click.echo(f"{cause}", err=True)
        if isinstance(cause, ScenarioError):
            Annotations().add([of_problem(problem) for problem in cause.problems])
        if isinstance(cause, PoolFailed) and cause.log_tail:
            click.echo("the last lines of its log:", err=True)
            click.echo("\n".join(f"  {line}" for line in cause.log_tail), err=True)
        return cause.exit_code
    if isinstance(cause, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    click.echo("".join(traceback.format_exception(error)), err=True)
    click.echo(
        "this is a bug in celery-orchestrator: please report it with the lines above", err=True
    )
    return ExitCode.BUG
