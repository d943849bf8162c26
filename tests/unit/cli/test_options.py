"""The options that several commands share."""

from pathlib import Path

import click
from click.testing import CliRunner

from orchestrator.cli.options import scenario_options


@click.command()
@scenario_options
def show(
    scenarios: tuple[Path, ...], overrides: tuple[str, ...], target: str | None, broker: str | None
) -> None:
    click.echo(f"{[str(path) for path in scenarios]} {overrides} {target} {broker}")


def test_scenarios_overrides_target_and_broker() -> None:
    arguments = ["a.yaml", "b.yaml", "--set", "seed=1", "--set", "name=x", "--broker", "valkey"]
    done = CliRunner().invoke(show, [*arguments, "--target", "attach"])
    assert done.output == "['a.yaml', 'b.yaml'] ('seed=1', 'name=x') attach valkey\n"


def test_at_least_one_scenario_is_wanted() -> None:
    done = CliRunner().invoke(show, [])
    assert done.exit_code == 2
    assert "SCENARIO" in done.output
