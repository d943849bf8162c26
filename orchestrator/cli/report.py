"""``report``: the reports of runs that are over, from their run directories."""

from pathlib import Path

import click

from orchestrator.cli.reports import Kinds, report_option
from orchestrator.errors import UsageError


@click.command(
    "report",
    epilog="\b\nExamples:\n"
    "  python -m orchestrator report runs/mixed-20261122T100000Z-a1b2c3\n"
    "  python -m orchestrator report runs/* --report junit,md",
)
@click.argument(
    "directories",
    metavar="RUN_DIR...",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, file_okay=False, exists=True),
)
@report_option("What to render; by default all that can be made of what is stored.")
def command(directories: tuple[Path, ...], kinds: Kinds | None) -> None:
    """Write the reports again into each RUN_DIR, from the files that the run left there.

    Prints the path of each report. Nothing is started and nothing else is changed."""
    for directory in directories:
        for path in _rendered(directory, kinds):
            click.echo(path)


def _rendered(directory: Path, kinds: Kinds | None) -> list[Path]:
    from orchestrator.report.rendering import left_out, render
    from orchestrator.report.stored import DATA_FILES

    try:
        paths = render(directory, kinds)
    except OSError as exc:
        where = exc.filename or directory
        raise UsageError(f"the report cannot be written: {where}: {exc.strerror}") from exc
    if kinds is None and (missing := left_out(directory)):
        files = " and ".join(DATA_FILES)
        click.echo(f"{directory} was stored without {files}: no {', '.join(missing)}", err=True)
    return paths
