"""Stock Celery, as its documentation shows it."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from celery import chord, group
from celery.result import GroupResult

from benchmarks.app import add, app, total
from benchmarks.contenders import Repeat
from benchmarks.meter import metered, prepared
from benchmarks.records import Sample, WrongResult
from benchmarks.wire import check_values

AWAIT_S = 100.0


@asynccontextmanager
async def publish() -> AsyncIterator[Repeat]:
    """`group().apply_async()`; nobody answers."""

    async def repeat(count: int) -> Sample:
        with prepared() as building:
            canvas = group([add.s(number, number) for number in range(count)])
        with metered() as spent:
            result = canvas.apply_async()
        ids = [member.id for member in result.results]
        _let_go(result)
        return Sample(count, spent.wall_s, spent.cpu_s, building.wall_s, ids)

    with app:
        yield repeat


@asynccontextmanager
async def publish_and_await() -> AsyncIterator[Repeat]:
    """`group().apply_async().get()`."""

    async def repeat(count: int) -> Sample:
        with prepared() as building:
            canvas = group([add.s(number, number) for number in range(count)])
        with metered() as spent:
            result = canvas.apply_async()
            values = result.get(timeout=AWAIT_S)
        if len(values) != count:
            raise WrongResult(f"{len(values)} values for {count} tasks")
        check_values(values)
        ids = [member.id for member in result.results]
        return Sample(count, spent.wall_s, spent.cpu_s, building.wall_s, ids)

    with app:
        yield repeat


@asynccontextmanager
async def chords() -> AsyncIterator[Repeat]:
    """`chord().apply_async().get()`."""

    async def repeat(count: int) -> Sample:
        with prepared() as building:
            canvas = chord([add.s(number, number) for number in range(count)], total.s())
        with metered() as spent:
            value = canvas.apply_async().get(timeout=AWAIT_S)
        if value != count * (count - 1):
            raise WrongResult(f"a chord of {count} gave {value!r}")
        return Sample(count, spent.wall_s, spent.cpu_s, building.wall_s)

    with app:
        yield repeat


@asynccontextmanager
async def one_at_a_time() -> AsyncIterator[Repeat]:
    """`delay().get()`, again and again."""

    async def repeat(count: int) -> Sample:
        laps, values = [], []
        with metered() as spent:
            for number in range(count):
                begun = time.perf_counter()
                values.append(add.s(number, number).apply_async().get(timeout=AWAIT_S))
                laps.append(time.perf_counter() - begun)
        check_values(values)
        return Sample(count, spent.wall_s, spent.cpu_s, laps_s=laps)

    with app:
        yield repeat


def _let_go(result: GroupResult) -> None:
    """A stock result sends an UNSUBSCRIBE when it is deleted: ten thousand of them would take
    longer than what is measured, and nothing will ever be published for these."""
    for member in result.results:
        member.backend = None
