"""Where the client's time goes: `python -m benchmarks.profile CONTENDER`.

One contender runs in this process, first without and then with cProfile, which sees only what the
clock of the benchmarks sees. The profiler makes everything slower, and small functions more than
large ones: the figures are scaled so that they add up to the processor time without it.
"""

import cProfile
import pstats
from collections import defaultdict
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import click
from rich.console import Console
from rich.table import Table

from benchmarks.contender_main import contender
from benchmarks.contenders import CONTENDERS
from benchmarks.laboratory import Laboratory, open_laboratory
from benchmarks.meter import PROFILER
from benchmarks.records import Sample

WARM_UP = 200
WIDTH = 130
_LIBRARIES = "site-packages/"
_WAIT = "'select."


@dataclass(frozen=True, slots=True)
class Cost:
    """One function, or one file: microseconds per task, scaled to the run without a profiler.

    ``with_callees_us`` includes what it calls.
    """

    where: str
    calls_per_task: float
    own_us: float
    with_callees_us: float


@click.command("benchmarks.profile")
@click.argument("name", type=click.Choice(sorted(CONTENDERS)), metavar="CONTENDER")
@click.option("--tasks", type=click.IntRange(1), default=10_000, show_default=True)
@click.option("--top", type=click.IntRange(1), default=25, show_default=True)
@click.option(
    "--by",
    type=click.Choice(["own", "total", "file"]),
    default="own",
    show_default=True,
    help="own: without what it calls; total: with it; file: own time of all functions of a file.",
)
def command(name: str, tasks: int, top: int, by: str) -> None:
    """Print what a task costs, function by function.

    Contenders that await results are answered by the echo worker, the others by nobody.
    """
    plain, stats = anyio.run(_profiled, name, tasks)
    scale = scale_of(stats, plain.cpu_s)
    costs = (costs_of_files if by == "file" else costs_of)(stats, tasks, scale)
    key = "with_callees_us" if by == "total" else "own_us"
    costs.sort(key=lambda cost: getattr(cost, key), reverse=True)
    console = Console(width=WIDTH)
    console.print(_table(f"{name}, {tasks} tasks, without a profiler: {_sums(plain)}", costs[:top]))


def scale_of(stats: Mapping[Any, Any], cpu_s: float) -> float:
    """What makes the own times add up to the processor time of the run without a profiler.

    Waiting for the network is no work.
    """
    busy_s = sum(own_s for place, (_, _, own_s, _, _) in stats.items() if _WAIT not in place[2])
    return cpu_s / float(busy_s)


def costs_of(stats: Mapping[Any, Any], tasks: int, scale: float) -> list[Cost]:
    """From the table of `pstats.Stats`: (file, line, name) -> (_, calls, own s, whole s, _)."""
    per_task_us = 1e6 / tasks * scale
    return [
        Cost(_short(*place), calls / tasks, own_s * per_task_us, whole_s * per_task_us)
        for place, (_, calls, own_s, whole_s, _) in stats.items()
    ]


def costs_of_files(stats: Mapping[Any, Any], tasks: int, scale: float) -> list[Cost]:
    """The own time of all functions of each file; built-in ones count for the file that calls
    them."""
    calls_of: dict[str, int] = defaultdict(int)
    own_s_of: dict[str, float] = defaultdict(float)
    for (file, *_), (_, calls, own_s, _, callers) in stats.items():
        if file != "~":
            calls_of[file] += calls
            own_s_of[file] += own_s
        for (caller, *_), (_, _, built_in_s, _) in callers.items() if file == "~" else ():
            own_s_of[caller] += built_in_s
    per_task_us = 1e6 / tasks * scale
    return [
        Cost(_short_path(file), calls_of[file] / tasks, own_s * per_task_us, 0.0)
        for file, own_s in own_s_of.items()
    ]


async def _profiled(name: str, tasks: int) -> tuple[Sample, Mapping[Any, Any]]:
    async with open_laboratory() as laboratory, AsyncExitStack() as stack:
        if "publish" not in name:
            await stack.enter_async_context(laboratory.echo_worker())
        _use(laboratory)
        async with contender(name)() as repeat:
            await repeat(WARM_UP)
            await laboratory.clear()
            plain = await repeat(tasks)
            await laboratory.clear()
            profiler = cProfile.Profile()
            PROFILER.set(profiler)
            await repeat(tasks)
            stats: Any = pstats.Stats(profiler)
    return plain, stats.stats


def _use(laboratory: Laboratory) -> None:
    """Point this process's app at the laboratory, which contenders find in their environment."""
    from benchmarks.app import app

    app.conf.update(broker_url=laboratory.info.url, result_backend=laboratory.info.results_url)


def _short(file: str, line: int, name: str) -> str:
    return name if file == "~" else f"{_short_path(file)}:{line} {name}"


def _short_path(file: str) -> str:
    if _LIBRARIES in file:
        return file.split(_LIBRARIES)[-1]
    return "/".join(Path(file).parts[-3:])


def _sums(sample: Sample) -> str:
    return f"{sample.wall_us:.1f} us wall, {sample.cpu_us:.1f} us CPU per task"


def _table(title: str, costs: list[Cost]) -> Table:
    table = Table(title=title)
    table.add_column("function", overflow="fold")
    for heading in ("calls/task", "own us/task", "with callees us/task"):
        table.add_column(heading, justify="right", no_wrap=True)
    for cost in costs:
        figures = cost.calls_per_task, cost.own_us, cost.with_callees_us
        table.add_row(cost.where, *(f"{figure:.2f}" for figure in figures))
    return table


if __name__ == "__main__":
    command(prog_name="python -m benchmarks.profile")
