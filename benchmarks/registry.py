"""All experiments, in the order of the table."""

from collections.abc import Iterable

from benchmarks.experiments import (
    chord,
    drain,
    echo,
    latency,
    memory,
    probe,
    publish,
    rabbitmq,
)
from benchmarks.records import BenchmarkError, Experiment

EXPERIMENTS: tuple[Experiment, ...] = (
    publish.EXPERIMENT,
    echo.EXPERIMENT,
    chord.EXPERIMENT,
    drain.EXPERIMENT,
    latency.EXPERIMENT,
    memory.EXPERIMENT,
    rabbitmq.EXPERIMENT,
    probe.EXPERIMENT,
)


def names() -> tuple[str, ...]:
    """What can be asked for: experiments, and single rows of them."""
    return tuple(
        dict.fromkeys(
            name
            for experiment in EXPERIMENTS
            for name in (experiment.name, *(row.name for row in experiment.rows))
        )
    )


def chosen(asked: Iterable[str]) -> list[tuple[Experiment, frozenset[str]]]:
    """The experiments to run, each with the names of the rows that are wanted of it.

    Nothing asked for: everything. Raises `BenchmarkError` for a name that does not exist.
    """
    wanted = frozenset(asked)
    if unknown := wanted - set(names()):
        raise BenchmarkError(
            f"there is no {', '.join(sorted(unknown))}; there are {', '.join(names())}"
        )
    picked = []
    for experiment in EXPERIMENTS:
        rows = frozenset(row.name for row in experiment.rows)
        of_it = rows if not wanted or experiment.name in wanted else rows & wanted
        if of_it:
            picked.append((experiment, of_it))
    return picked
