"""The option ``--metrics-port``, and who is shown a run's progress because of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from orchestrator.laboratory import Progress

Watcher = Callable[["Progress"], "Progress"]
"""Gives a progress that is told all that the given one is told."""


def not_watched(progress: "Progress") -> "Progress":
    return progress


def metrics_port_option() -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(
        "--metrics-port",
        type=click.IntRange(0, 65535),
        metavar="PORT",
        help="Serve OpenMetrics on this port of 127.0.0.1 while it runs; 0: a free one.",
    )


@contextmanager
def served(port: int | None, *, quiet: bool) -> Iterator[Callable[[str], Watcher]]:
    """Serve metrics while the block runs, if there is a ``port``; gives whom to tell, by the name
    of what is run. Raises `MetricsPortUnavailable`."""
    if port is None:
        yield lambda name: not_watched
        return
    from orchestrator.cli.metrics_server import MetricsServer

    with MetricsServer(port) as server:
        if not quiet:
            click.echo(f"metrics: {server.url}", err=True)
        yield lambda name: lambda progress: server.watch(progress, name)
