"""``report``: the HTML report of runs that are over, from their run directories."""

from pathlib import Path

import click

from orchestrator.errors import UsageError


@click.command(
    "report",
    epilog="\b\nExamples:\n"
    "  python -m orchestrator report runs/mixed-20261122T100000Z-a1b2c3\n"
    "  python -m orchestrator report runs/*",
)
@click.argument(
    "directories",
    metavar="RUN_DIR...",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, file_okay=False, exists=True),
)
def command(directories: tuple[Path, ...]) -> None:
    """Write report.html again into each RUN_DIR, from the files that the run left there.

    Prints the path of each page. Nothing is started and nothing else is changed."""
    from orchestrator.report.html.report import write_html

    for directory in directories:
        try:
            path = write_html(directory)
        except OSError as exc:
            raise UsageError(
                f"the report cannot be written: {exc.filename or directory}: {exc.strerror}"
            ) from exc
        click.echo(path)
