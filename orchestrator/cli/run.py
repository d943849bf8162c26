"""``run``: scenarios in, a verdict out."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from orchestrator.cli.check import describe
from orchestrator.cli.experiment import report_experiment, run_experiment
from orchestrator.cli.failures import failures_of, failures_of_all
from orchestrator.cli.github import Annotation, Annotations
from orchestrator.cli.metrics_port import Watcher, metrics_port_option, served
from orchestrator.cli.one_run import report_run, run_scenario, worst
from orchestrator.cli.options import Scenarios, load_scenarios, scenario_options
from orchestrator.cli.progress import open_progress
from orchestrator.cli.reports import Kinds, report_option
from orchestrator.errors import ExitCode


@dataclass(frozen=True, slots=True)
class Wanted:
    """What `run_options` give, beside ``dry_run``: where to write, and what to say where."""

    out: Path = Path("runs")
    as_json: bool = False
    quiet: bool = False
    verbose: bool = False
    kinds: Kinds | None = None
    metrics_port: int | None = None


def run_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--out, --report, --json, --metrics-port, --dry-run, --quiet and --verbose."""
    decorators: list[Callable[..., Any]] = [
        click.option(
            "--out",
            metavar="DIR",
            type=click.Path(path_type=Path, file_okay=False),
            default=Path("runs"),
            show_default=True,
            help="Where run directories are made.",
        ),
        report_option("Which reports are written into the run directory; by default all."),
        click.option(
            "--json",
            "as_json",
            is_flag=True,
            help="Print the summary as one JSON document on stdout.",
        ),
        metrics_port_option(),
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
    dry_run: bool,
    **wanted: Any,
) -> int:
    """Run SCENARIO files, one after the other, and give a verdict.

    Starts the broker and the worker pools that each file asks for, sends its workloads, checks
    every result by id and by value, prints a summary, writes a run directory, and exits with the
    worst verdict of all."""
    loaded = load_scenarios(scenarios, overrides, target, broker)
    if dry_run:
        click.echo(describe(loaded))
        return ExitCode.PASSED
    return run_all(loaded, Wanted(**wanted))


def run_all(loaded: Sequence[Scenarios], wanted: Wanted) -> ExitCode:
    """Run them one after the other, print what each came to, and give the worst exit code."""
    documents = []
    codes = []
    annotations = Annotations()
    with served(wanted.metrics_port, quiet=wanted.quiet) as watcher_of:
        for scenarios in loaded:
            watched = watcher_of(scenarios.variants[0].plan.name)
            document, code, errors = _run_one(scenarios, wanted, watched)
            annotations.add(errors)
            documents.append(document)
            codes.append(code)
            if code in (ExitCode.INTERRUPTED, ExitCode.TERMINATED):
                break
    if wanted.as_json:
        click.echo(json.dumps(documents[0] if len(loaded) == 1 else {"runs": documents}, indent=2))
    return worst(codes)


def _run_one(
    scenarios: Scenarios, wanted: Wanted, watched: Watcher
) -> tuple[object, ExitCode, Sequence[Annotation]]:
    """Run one file and report it; gives its document, its exit code, and what to annotate."""
    first = scenarios.variants[0]
    as_json, kinds = wanted.as_json, wanted.kinds
    with open_progress(
        quiet=wanted.quiet, verbose=wanted.verbose, name=first.plan.name
    ) as progress:
        if scenarios.runs == 1:
            result, directory = run_scenario(first, wanted.out, watched(progress))
        else:
            experiment, directory = run_experiment(
                scenarios, wanted.out, progress, kinds=kinds, watched=watched
            )
    if scenarios.runs == 1:
        document, code = report_run(result, directory, as_json=as_json, kinds=kinds)
        return document, code, failures_of(first, result)
    document = report_experiment(experiment, directory, as_json=as_json, kinds=kinds)
    return document, ExitCode(experiment.exit_code), failures_of_all(scenarios.path, experiment)
