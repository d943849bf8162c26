"""``sweep``: one scenario with every combination of some values, and one table."""

from pathlib import Path
from typing import Any

import click

from orchestrator.cli.check import describe
from orchestrator.cli.options import Scenarios, load_scenarios, scenario_options
from orchestrator.cli.run import Wanted, run_all, run_options
from orchestrator.errors import ExitCode, UsageError


@click.command(
    "sweep",
    epilog="\b\nExamples:\n"
    "  python -m orchestrator sweep scenarios/pools.yaml\n"
    "  python -m orchestrator sweep my.yaml --vary workers.add.pool=prefork,gevent,threads\n"
    "  python -m orchestrator sweep my.yaml --vary workers.add.prefetch_multiplier=1,4,16 "
    "--repeats 5",
)
@scenario_options
@click.option(
    "--vary",
    "varied",
    metavar="KEY=A,B,C",
    multiple=True,
    help="Run with each of these values of a key; repeatable, then every combination. Keys of the "
    "scenario's own matrix are varied too.",
)
@click.option(
    "--repeats",
    type=click.IntRange(1),
    help="How often each combination is run: from 2 on, what is noise can be told.",
)
@run_options
def command(
    scenarios: tuple[Path, ...],
    overrides: tuple[str, ...],
    target: str | None,
    broker: str | None,
    varied: tuple[str, ...],
    repeats: int | None,
    dry_run: bool,
    **wanted: Any,
) -> int:
    """Run SCENARIO files with every combination of the values of some keys, and compare.

    Each run has a broker and workers of its own; the order is random, and fixed by the seed. The
    table marks a figure as the best only where the difference is larger than the noise."""
    if repeats is not None:
        overrides = (*overrides, f"repeats={repeats}")
    loaded = load_scenarios(scenarios, overrides, target, broker, varied)
    for each in loaded:
        _check_varied(each)
    if dry_run:
        click.echo(describe(loaded))
        return ExitCode.PASSED
    return run_all(loaded, Wanted(**wanted))


def _check_varied(scenarios: Scenarios) -> None:
    if scenarios.runs == 1:
        raise UsageError(
            f"{scenarios.path} has no matrix: say what to vary, for example "
            "--vary workers.NAME.concurrency=1,2,4"
        )
