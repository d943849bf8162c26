"""``run``: scenarios in, a verdict out."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from orchestrator.cli.check import describe
from orchestrator.cli.experiment import report_experiment, run_experiment
from orchestrator.cli.one_run import report_run, run_scenario, worst
from orchestrator.cli.options import Scenarios, load_scenarios, scenario_options
from orchestrator.cli.progress import open_progress
from orchestrator.errors import ExitCode


def run_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--out, --json, --dry-run, --quiet and --verbose."""
    decorators = [
        click.option(
            "--out",
            metavar="DIR",
            type=click.Path(path_type=Path, file_okay=False),
            default=Path("runs"),
            show_default=True,
            help="Where run directories are made.",
        ),
        click.option(
            "--json",
            "as_json",
            is_flag=True,
            help="Print the summary as one JSON document on stdout.",
        ),
        click.option("--dry-run", is_flag=True, help="Validate and print the plan; start nothing."),
        click.option("-q", "--quiet", is_flag=True, help="No progress on stderr."),
        click.option(
            "-v", "--verbose", is_flag=True, help="A line each second, and what the client logs."
        ),
    ]
    for decorator in reversed(decorators):
        function = decorator(function)
    return function


@click.command(
    "run",
    epilog="\b\nExamples:\n"
    "  python -m orchestrator run scenarios/mixed.yaml\n"
    "  python -m orchestrator run scenarios/smoke.yaml --json > result.json\n"
    "  python -m orchestrator run my.yaml --broker redis://localhost:6379/0 --set seed=3",
)
@scenario_options
@run_options
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
    return run_all(loaded, out, as_json=as_json, quiet=quiet, verbose=verbose)


def run_all(
    loaded: Sequence[Scenarios], out: Path, *, as_json: bool, quiet: bool, verbose: bool
) -> ExitCode:
    """Run them one after the other, print what each came to, and give the worst exit code."""
    documents = []
    codes = []
    for scenarios in loaded:
        name = scenarios.variants[0].plan.name
        with open_progress(quiet=quiet, verbose=verbose, name=name) as progress:
            if scenarios.runs == 1:
                result, directory = run_scenario(scenarios.variants[0], out, progress)
                experiment = None
            else:
                experiment, directory = run_experiment(scenarios, out, progress)
        if experiment is None:
            document, code = report_run(result, directory, as_json=as_json)
        else:
            document = report_experiment(experiment, directory, as_json=as_json)
            code = ExitCode(experiment.exit_code)
        documents.append(document)
        codes.append(code)
        if code in (ExitCode.INTERRUPTED, ExitCode.TERMINATED):
            break
    if as_json:
        click.echo(json.dumps(documents[0] if len(loaded) == 1 else {"runs": documents}, indent=2))
    return worst(codes)
