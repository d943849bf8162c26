"""``schema``: print the JSON Schema of the scenario file."""

import json

import click


@click.command("schema")
def command() -> None:
    """Print the JSON Schema of the scenario file to stdout.

    Editors that speak yaml-language-server complete and check scenarios with it; the shipped
    scenarios name the copy in schema/ in their first line."""
    from orchestrator.scenario import json_schema

    click.echo(json.dumps(json_schema(), indent=2, sort_keys=True))
