"""``--report``: which kinds of report are written."""

from collections.abc import Callable
from typing import Any

import click

from orchestrator.report.kinds import KINDS

Kinds = tuple[str, ...]
ACCEPTED = ",".join(KINDS)


def report_option(text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The option ``--report KINDS``: a tuple of names, or None when it is not given."""
    return click.option(
        "--report", "kinds", metavar="KINDS", callback=_kinds, help=f"{text} Of {ACCEPTED}."
    )


def _kinds(context: click.Context, parameter: click.Parameter, value: str | None) -> Kinds | None:
    if value is None:
        return None
    names = tuple(dict.fromkeys(name.strip() for name in value.split(",") if name.strip()))
    unknown = [name for name in names if name not in KINDS]
    if unknown or not names:
        wrong = (
            f"there is no report {', '.join(map(repr, unknown))}" if unknown else "none is named"
        )
        raise click.BadParameter(f"{wrong}; accepted are {ACCEPTED}, separated by commas")
    return names
