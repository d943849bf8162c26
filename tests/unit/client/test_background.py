import asyncio
import logging

import pytest

from orchestrator.client.background import Background


async def test_close_cancels_and_waits() -> None:
    background = Background()
    ended = False

    async def work() -> None:
        nonlocal ended
        try:
            await asyncio.Event().wait()
        finally:
            ended = True

    background.start(work(), name="work")
    await asyncio.sleep(0)
    await background.close(within_s=1)
    assert ended
    await background.close(within_s=1)


async def test_close_is_bounded() -> None:
    background = Background()
    released = asyncio.Event()

    async def stubborn() -> None:
        while not released.is_set():
            try:
                await released.wait()
            except asyncio.CancelledError:
                continue

    task = background.start(stubborn(), name="stubborn")
    await asyncio.sleep(0)
    async with asyncio.timeout(1):
        await background.close(within_s=0.01)
    released.set()
    await task


async def test_an_error_is_not_lost(caplog: pytest.LogCaptureFixture) -> None:
    async def broken() -> None:
        raise LookupError("oh")

    background = Background()
    with caplog.at_level(logging.ERROR):
        task = background.start(broken(), name="the broken one")
        await asyncio.wait([task])
        await asyncio.sleep(0)
    assert "the broken one ended with an error" in caplog.text
