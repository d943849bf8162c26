"""The asyncio client, through its public API only."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from celery import chord, group
from celery.signals import before_task_publish

from benchmarks.app import add, app, total
from benchmarks.contenders import Repeat
from benchmarks.meter import metered, prepared
from benchmarks.records import Sample, WrongResult
from benchmarks.wire import check_values
from orchestrator import Client

AWAIT_S = 100.0
SIDE_BY_SIDE = 500


@asynccontextmanager
async def publish() -> AsyncIterator[Repeat]:
    """One group, submitted; nobody answers."""
    async with Client(app) as client:

        async def repeat(count: int) -> Sample:
            with prepared() as building:
                canvas = group([add.s(number, number) for number in range(count)])
            with metered() as spent:
                handle = await client.submit(canvas)
            ids = [member.id for member in handle.async_result.results]
            handle.forget()
            return Sample(count, spent.wall_s, spent.cpu_s, building.wall_s, ids)

        yield repeat


@asynccontextmanager
async def publish_general() -> AsyncIterator[Repeat]:
    """The same on the general road.

    Somebody listens to `before_task_publish`, as tracing does: that signal is promised for the
    general road, and a template cannot send it.
    """
    with _someone_listens():
        async with publish() as repeat:
            yield repeat


@contextmanager
def _someone_listens() -> Iterator[None]:
    def listen(**_: Any) -> None:
        """A receiver that does nothing."""

    before_task_publish.connect(listen, weak=False)
    try:
        yield
    finally:
        before_task_publish.disconnect(listen)


@asynccontextmanager
async def publish_and_await() -> AsyncIterator[Repeat]:
    """One group, and all its values."""
    async with Client(app) as client:

        async def repeat(count: int) -> Sample:
            with prepared() as building:
                canvas = group([add.s(number, number) for number in range(count)])
            with metered() as spent:
                handle = await client.submit(canvas)
                values = await handle.result(timeout=AWAIT_S)
            _check_all(values, count)
            ids = [member.id for member in handle.async_result.results]
            return Sample(count, spent.wall_s, spent.cpu_s, building.wall_s, ids)

        yield repeat


@asynccontextmanager
async def chords() -> AsyncIterator[Repeat]:
    """One chord and its value."""
    async with Client(app) as client:

        async def repeat(count: int) -> Sample:
            with prepared() as building:
                canvas = chord([add.s(number, number) for number in range(count)], total.s())
            with metered() as spent:
                value = await client.call(canvas, timeout=AWAIT_S)
            if value != count * (count - 1):
                raise WrongResult(f"a chord of {count} gave {value!r}")
            return Sample(count, spent.wall_s, spent.cpu_s, building.wall_s)

        yield repeat


@asynccontextmanager
async def one_at_a_time() -> AsyncIterator[Repeat]:
    """A task, its value, the next task."""
    async with Client(app) as client:

        async def repeat(count: int) -> Sample:
            laps, values = [], []
            with metered() as spent:
                for number in range(count):
                    begun = time.perf_counter()
                    values.append(await client.call(add.s(number, number), timeout=AWAIT_S))
                    laps.append(time.perf_counter() - begun)
            check_values(values)
            return Sample(count, spent.wall_s, spent.cpu_s, laps_s=laps)

        yield repeat


@asynccontextmanager
async def outstanding() -> AsyncIterator[Repeat]:
    """A stream with two thirds of its tasks in flight: its memory is read from outside."""
    async with Client(app) as client:

        async def repeat(count: int) -> Sample:
            seen = bytearray(count)
            signatures = (add.s(number, number) for number in range(count))
            with metered() as spent:
                async for outcome in client.stream(signatures, in_flight=in_flight_of(count)):
                    if outcome.error is not None:
                        raise outcome.error
                    seen[outcome.value // 2] += 1
            if seen.count(1) != count:
                raise WrongResult(f"{count - seen.count(1)} of {count} values missing or twice")
            return Sample(count, spent.wall_s, spent.cpu_s)

        yield repeat


@asynccontextmanager
async def handles() -> AsyncIterator[Repeat]:
    """Tasks submitted one by one, many side by side; the handles of a repeat are kept until the
    next: their memory is read from outside, and nobody answers."""
    async with Client(app) as client:
        kept: list[Any] = []

        async def repeat(count: int) -> Sample:
            kept.clear()
            with metered() as spent:
                for at in range(0, count, SIDE_BY_SIDE):
                    numbers = range(at, min(count, at + SIDE_BY_SIDE))
                    submits = (client.submit(add.s(number, number)) for number in numbers)
                    kept.extend(await asyncio.gather(*submits))
            return Sample(count, spent.wall_s, spent.cpu_s)

        yield repeat


def in_flight_of(count: int) -> int:
    """How many of ``count`` streamed tasks are out at a time."""
    return -(-count * 2 // 3)


def _check_all(values: list[Any], count: int) -> None:
    if len(values) != count:
        raise WrongResult(f"{len(values)} values for {count} tasks")
    check_values(values)
