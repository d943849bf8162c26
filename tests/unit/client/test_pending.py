import asyncio

import pytest

from orchestrator.client.pending import Pending
from orchestrator.errors import ClientClosed


class Simple(Pending):
    __slots__ = ("there",)

    def __init__(self) -> None:
        super().__init__()
        self.there = False

    @property
    def complete(self) -> bool:
        return self.there

    def arrive(self) -> None:
        self.there = True
        self._wake()


async def test_several_wait_and_one_gives_up() -> None:
    pending = Simple()
    waiting = [asyncio.create_task(pending.wait(5, propagate=True)) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[1].cancel()
    await asyncio.wait([waiting[1]])
    pending.arrive()
    assert await waiting[0]
    assert await waiting[2]
    assert len(pending._futures) == 0


async def test_time_runs_out() -> None:
    assert await Simple().wait(0, propagate=False) is False


async def test_the_end_is_told_once_and_at_once_if_it_was_before() -> None:
    pending, calls = Simple(), list[int]()
    pending.on_end(lambda: calls.append(1))
    pending.end(ClientClosed())
    pending.end(ClientClosed())
    assert calls == [1]
    pending.on_end(lambda: calls.append(2))
    assert calls == [1, 2]
    assert await pending.wait(None, propagate=False)


def test_the_base_knows_of_no_value() -> None:
    with pytest.raises(NotImplementedError):
        _ = Pending().complete
