"""What the client remembers of a task that is out: a million in flight."""

import anyio
import psutil

from benchmarks.app import QUEUE
from benchmarks.contender_process import ContenderProcess
from benchmarks.echo_worker import HELD_KEY, RELEASE_KEY
from benchmarks.laboratory import Laboratory
from benchmarks.records import (
    BenchmarkError,
    Effort,
    Experiment,
    Fact,
    Findings,
    Row,
    Sample,
    WrongResult,
)

IN_FLIGHT = 1_000_000
BUDGET_S = 45.0
"""When a million would take longer, as many as this time allows; the report says so."""

ROWS = (
    Row(
        "memory",
        "memory per outstanding task, 1,000,000 in flight",
        "bytes",
        500,
        better="lower",
    ),
    Row(
        "memory-flat",
        "the same while 500,000 more follow: growth for each of them, at the highest",
        "bytes",
        50,
        better="lower",
    ),
    Row(
        "memory-handles",
        "memory per outstanding task whose handle is kept, 50,000 of submit(add.s())",
        "bytes",
        500,
        better="lower",
    ),
)

HANDLES = 50_000

_OURS = "ours-outstanding"
_HANDLES = "ours-handles"
_WARM_UP = 3_000
_POLL_S = 0.1
_HOLD_S = 200.0


async def run(laboratory: Laboratory, effort: Effort, wanted: frozenset[str]) -> Findings:
    """A worker takes all tasks of the stream and answers none until the memory was read."""
    found = await _of_handles(laboratory, effort.tasks(HANDLES))
    if wanted == {"memory-handles"}:
        return found
    streamed = await _of_stream(laboratory, effort)
    return Findings(
        {**streamed.values, **found.values},
        [*streamed.facts, *found.facts],
        streamed.notes,
    )


async def _of_handles(laboratory: Laboratory, handles: int) -> Findings:
    """The contender keeps them until it is asked again; nobody answers."""
    async with laboratory.contender(_HANDLES) as ours:
        process = psutil.Process(ours.pid)
        await ours.repeat(min(handles, _WARM_UP))
        await laboratory.clear()
        before = process.memory_info().rss
        await ours.repeat(handles)
        after = process.memory_info().rss
        if (sent := await laboratory.broker.llen(QUEUE)) != handles:
            raise WrongResult(f"{sent} messages for {handles} handles")
    per_handle = max(1, after - before) / handles
    return Findings(
        {"memory-handles": (per_handle,)},
        [Fact("memory: handles kept", "handles", (handles,))],
    )


async def _of_stream(laboratory: Laboratory, effort: Effort) -> Findings:
    async with laboratory.contender(_OURS) as ours:
        async with laboratory.echo_worker():
            warm_up = await ours.repeat(effort.tasks(_WARM_UP))
        await laboratory.forget_results()
        in_flight = _affordable(effort.tasks(IN_FLIGHT), warm_up)
        # A subscriber that is slower than the worker: let Redis keep what it has not read yet.
        await laboratory.broker.config_set("client-output-buffer-limit", "pubsub 0 0 0")
        async with laboratory.echo_worker(hold=in_flight):
            before, held, highest = await _measured(laboratory, ours, in_flight)
        await laboratory.forget_results()
    values = {
        "memory": (max(1, held - before) / in_flight,),
        "memory-flat": (max(1, highest - held) / (in_flight / 2),),
    }
    facts = [
        Fact("memory: tasks in flight", "tasks", (in_flight,)),
        Fact("memory: client before", "MB", (before / 1e6,)),
        Fact("memory: client with all in flight", "MB", (held / 1e6,)),
        Fact("memory: client, highest afterwards", "MB", (highest / 1e6,)),
    ]
    return Findings(values, facts, _notes(effort, in_flight))


def _affordable(wanted: int, warm_up: Sample) -> int:
    """As many as the budget allows, in whole hundred thousands when there are that many."""
    possible = int(BUDGET_S / (warm_up.wall_s / warm_up.tasks) / 1.5)
    if possible >= wanted:
        return wanted
    return possible // 100_000 * 100_000 or possible


def _notes(effort: Effort, in_flight: int) -> list[str]:
    wanted = effort.tasks(IN_FLIGHT)
    if in_flight == wanted:
        return []
    return [
        f"memory: {in_flight:,} in flight instead of {wanted:,}: at the client's present rate more "
        f"would take over {BUDGET_S:g} s"
    ]


async def _measured(
    laboratory: Laboratory, ours: ContenderProcess, in_flight: int
) -> tuple[int, int, int]:
    """Resident bytes before, with all in flight, and the highest from then to the end."""
    await laboratory.broker.delete(HELD_KEY)
    process = psutil.Process(ours.pid)
    before = process.memory_info().rss
    seen: list[int] = []

    async def watch() -> None:
        with anyio.fail_after(_HOLD_S):
            while not await laboratory.broker.exists(HELD_KEY):  # noqa: ASYNC110
                await anyio.sleep(_POLL_S)
        seen.append(process.memory_info().rss)
        await laboratory.broker.lpush(RELEASE_KEY, "go")
        while True:
            seen.append(process.memory_info().rss)
            await anyio.sleep(_POLL_S)

    async with anyio.create_task_group() as watching:
        watching.start_soon(watch)
        await ours.repeat(in_flight * 3 // 2)
        watching.cancel_scope.cancel()
    if not seen:
        raise BenchmarkError("the stream ended before its memory was read")
    return before, seen[0], max(seen)


EXPERIMENT = Experiment("memory", ROWS, run)
