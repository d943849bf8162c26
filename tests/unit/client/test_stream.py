import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from typing import Any

import pytest

from orchestrator.client.stream import BATCH, Flow


class Handle:
    """Ends when the test says so."""

    def __init__(self, signature: Any) -> None:
        self.signature = signature
        self.forgotten = False
        self._callback: Callable[[], None] | None = None
        self._ended = False

    def on_end(self, callback: Callable[[], None]) -> None:
        self._callback = callback
        if self._ended:
            callback()

    def end(self) -> None:
        self._ended = True
        if self._callback is not None:
            self._callback()

    def forget(self) -> None:
        self.forgotten = True


class Submitter:
    """Notes the batches; ends each handle at once, unless told not to."""

    def __init__(self, *, at_once: bool = True) -> None:
        self.at_once = at_once
        self.batches: list[list[Any]] = []
        self.handles: list[Handle] = []

    async def submit_block(self, signatures: Any, first: int, on_end: Any) -> Any:
        return None

    def forget(self, join: Any) -> None:
        raise AssertionError("there are no blocks")

    async def submit_all(self, signatures: Any) -> list[Any]:
        self.batches.append(signatures)
        made = [Handle(signature) for signature in signatures]
        self.handles += made
        await asyncio.sleep(0)
        if self.at_once:
            for handle in made:
                handle.end()
        return made


async def collect(flow: Flow) -> list[tuple[int, Any]]:
    ended: Any
    async with asyncio.timeout(5), aclosing(flow.ended()) as ended:  # type: ignore[type-var]
        return [(index, handle.signature) async for index, handle in ended]


async def asynchronous(items: Any) -> AsyncIterator[Any]:
    for item in items:
        await asyncio.sleep(0)
        yield item


@pytest.mark.parametrize("kind", [iter, asynchronous])
@pytest.mark.parametrize("count", [0, 1, BATCH, BATCH + 1, 1000])
@pytest.mark.parametrize("in_flight", [1, 7, 10_000])
async def test_all_come_out_with_their_index(kind: Any, count: int, in_flight: int) -> None:
    submit = Submitter()
    out = await collect(Flow(submit, kind(range(count)), in_flight))
    assert sorted(out) == [(i, i) for i in range(count)]
    assert max(map(len, submit.batches), default=0) <= min(BATCH, in_flight)


async def test_no_more_is_taken_than_may_be_out() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for i in range(100):
            taken.append(i)
            yield i

    submit = Submitter(at_once=False)
    flow = Flow(submit, items(), 3).ended()
    first = asyncio.ensure_future(anext(flow))
    for _ in range(10):
        await asyncio.sleep(0)
    assert taken == [0, 1, 2]
    submit.handles[1].end()
    index, _ = await first
    assert index == 1
    second = asyncio.ensure_future(anext(flow))
    for _ in range(10):
        await asyncio.sleep(0)
    assert taken == [0, 1, 2, 3]
    submit.handles[3].end()
    assert (await second)[0] == 3
    await flow.aclose()  # type: ignore[attr-defined]
    assert [handle.forgotten for handle in submit.handles[:4]] == [True, False, True, False]


async def test_async_iterable_is_taken_a_batch_ahead_at_most() -> None:
    taken: list[int] = []

    async def items() -> AsyncIterator[int]:
        for i in range(1000):
            taken.append(i)
            yield i

    submit = Submitter(at_once=False)
    flow = Flow(submit, items(), 2).ended()
    first = asyncio.ensure_future(anext(flow))
    for _ in range(300):
        await asyncio.sleep(0)
    assert len(submit.handles) == 2
    assert len(taken) <= BATCH + 3
    submit.handles[0].end()
    assert (await first)[0] == 0
    await flow.aclose()  # type: ignore[attr-defined]


async def test_results_come_while_the_async_iterable_has_nothing() -> None:
    more = asyncio.Event()

    async def items() -> AsyncIterator[int]:
        yield 1
        await more.wait()
        yield 2

    out = []
    async with asyncio.timeout(5):
        handle: Any
        async for _, handle in Flow(Submitter(), items(), 10).ended():
            out.append(handle.signature)
            more.set()
    assert out == [1, 2]


@pytest.mark.parametrize("kind", ["sync", "async"])
async def test_error_of_the_iterable(kind: str) -> None:
    def items() -> Iterator[int]:
        yield 1
        raise LookupError("no more")

    async def async_items() -> AsyncIterator[int]:
        yield 1
        raise LookupError("no more")

    with pytest.raises(LookupError, match="no more"):
        await collect(Flow(Submitter(), items() if kind == "sync" else async_items(), 10))


async def test_error_of_sending_forgets_the_rest() -> None:
    class Failing(Submitter):
        async def submit_all(self, signatures: Any) -> list[Any]:
            if self.batches:
                raise ConnectionError("gone")
            return await super().submit_all(signatures)

    submit = Failing(at_once=False)
    with pytest.raises(ConnectionError, match="gone"):
        await collect(Flow(submit, iter(range(1000)), 1000))
    assert all(handle.forgotten for handle in submit.handles)


async def test_in_flight_must_be_something() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Flow(Submitter(), [], 0)
