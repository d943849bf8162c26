"""Submits that come together go together, and each is told what concerns it."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from orchestrator.client.background import Background
from orchestrator.client.capture import Captured
from orchestrator.client.outbox import Outbox
from orchestrator.errors import BrokerUnavailable, PublishUncertain


def canvas(*ids: str) -> Captured:
    class Messages:
        def __init__(self) -> None:
            self.ids = ids

    made: Any = Messages()
    return Captured(None, [], [], messages=made)


class Wire:
    """What a sender was given, a call at a time; each call ends when the test lets it."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.fails: Callable[[list[str]], Exception | None] = lambda ids: None
        self.open = asyncio.Event()
        self.background = Background()
        self.outbox = Outbox(self.send, self.background)

    async def send(self, captured: Sequence[Captured]) -> None:
        ids = [task_id for each in captured for task_id in each.task_ids]
        self.calls.append(ids)
        await self.open.wait()
        if error := self.fails(ids):
            raise error

    async def submit(self, *canvases: Captured) -> list[Any]:
        """All at once; what became of each."""
        tasks = [asyncio.ensure_future(self.outbox.send(each)) for each in canvases]
        for _ in range(5):
            await asyncio.sleep(0)
        self.open.set()
        return await asyncio.gather(*tasks, return_exceptions=True)


async def test_one_alone_is_sent_at_once_and_those_beside_it_together() -> None:
    wire = Wire()
    assert await wire.submit(canvas("a"), canvas("b"), canvas("c", "d")) == [None] * 3
    assert wire.calls == [["a"], ["b", "c", "d"]]
    assert await wire.submit(canvas("e")) == [None]
    assert wire.calls[2:] == [["e"]]


async def test_each_is_told_of_its_own_tasks_that_may_have_been_sent() -> None:
    wire = Wire()
    wire.fails = lambda ids: PublishUncertain("it broke", task_ids=["c"]) if "c" in ids else None
    first, second, third = await wire.submit(canvas("a"), canvas("b"), canvas("c", "d"))
    assert (first, second) == (None, None)
    assert isinstance(third, PublishUncertain)
    assert third.task_ids == ("c",)


async def test_when_nothing_was_sent_each_finds_out_for_itself() -> None:
    wire = Wire()
    wire.fails = lambda ids: BrokerUnavailable("refused") if "c" in ids else None
    first, second, third = await wire.submit(canvas("a"), canvas("b"), canvas("c"))
    assert (first, second) == (None, None)
    assert isinstance(third, BrokerUnavailable)
    assert wire.calls == [["a"], ["b", "c"], ["b"], ["c"]]


async def test_who_is_cancelled_does_not_stop_the_others() -> None:
    wire = Wire()
    first, second, third = (asyncio.ensure_future(wire.outbox.send(canvas(n))) for n in "abc")
    for _ in range(5):
        await asyncio.sleep(0)
    second.cancel()
    wire.open.set()
    await asyncio.gather(first, third)
    assert second.cancelled()
    assert wire.calls == [["a"], ["b", "c"]]


async def test_closing_ends_what_is_on_its_way_as_uncertain() -> None:
    wire = Wire()
    tasks = [asyncio.ensure_future(wire.outbox.send(canvas(name))) for name in "ab"]
    for _ in range(5):
        await asyncio.sleep(0)
    assert wire.calls == [["a"], ["b"]]
    await wire.background.close(within_s=1)
    with pytest.raises(PublishUncertain) as caught:
        await tasks[1]
    assert caught.value.task_ids == ("b",)
    wire.open.set()
    await tasks[0]
