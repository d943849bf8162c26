import asyncio

import pytest

from orchestrator.client.deadline import within
from orchestrator.client.failures import ResultTimeout


async def test_in_time_and_without_a_limit() -> None:
    async with within(5):
        await asyncio.sleep(0)
    async with within(None):
        await asyncio.sleep(0)


async def test_too_late() -> None:
    with pytest.raises(ResultTimeout, match=r"within 0\.01 s"):
        async with within(0.01):
            await asyncio.Event().wait()


async def test_other_timeouts_pass() -> None:
    with pytest.raises(TimeoutError, match="mine") as error:
        async with within(5):
            raise TimeoutError("mine")
    assert not isinstance(error.value, ResultTimeout)
    with pytest.raises(ResultTimeout, match="inner"):
        async with within(5):
            raise ResultTimeout("inner")


async def test_cancelling_passes() -> None:
    async def work() -> None:
        async with within(5):
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
