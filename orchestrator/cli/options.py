"""Options and arguments that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from orchestrator.scenario_files import Scenario, Scenarios, load_scenarios

__all__ = ["Scenario", "Scenarios", "load_scenarios", "scenario_options"]


def scenario_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """SCENARIO..., --set, --target and --broker."""
    decorators = [
        click.argument(
            "scenarios",
            metavar="SCENARIO...",
            nargs=-1,
            required=True,
            type=click.Path(path_type=Path),
        ),
        click.option(
            "--set",
            "overrides",
            metavar="KEY=VALUE",
            multiple=True,
            help="Override a key of the file, for example workloads.sums.rate=50/s; repeatable.",
        ),
        click.option(
            "--target",
            metavar="FILE|URL|attach",
            help="A file with another target, a broker URL, or attach: drive the workers that are "
            "there already.",
        ),
        click.option(
            "--broker",
            metavar="URL|KIND",
            help="The broker: embedded, redis, valkey, rabbitmq, app, or a URL.",
        ),
    ]
    for decorator in reversed(decorators):
        function = decorator(function)
    return function
