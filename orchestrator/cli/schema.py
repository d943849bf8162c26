"""``schema``: print the JSON Schema of the scenario file, or of ``summary.json``."""

import json

import click


@click.command("schema")
@click.option("--summary", is_flag=True, help="That of summary.json, which a run leaves.")
def command(summary: bool) -> None:
    """Print the JSON Schema of the scenario file to stdout.

    Editors that speak yaml-language-server complete and check scenarios with it; the shipped
    scenarios name the copy in schema/ in their first line."""
    click.echo(json.dumps(_schema(summary=summary), indent=2, sort_keys=True))


def _schema(*, summary: bool) -> object:
    if summary:
        from orchestrator.report.summary_schema import summary_schema

        return summary_schema()
    from orchestrator.scenario import json_schema

    return json_schema()
