"""With pytest-asyncio, asyncio_mode = "auto"."""

from collections.abc import AsyncIterator, Iterator

import pytest
from tasks_app import add, app

from orchestrator import Client


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with Client(app) as opened:
        yield opened


@pytest.fixture
def eager() -> Iterator[None]:
    """No broker, no worker: tasks run in the test itself, when they are submitted."""
    app.conf.task_always_eager = True
    yield
    app.conf.task_always_eager = False


async def test_on_a_worker(client: Client) -> None:
    assert await client.call(add.s(1, 2), timeout=10) == 3


async def test_without_a_worker(eager: None, client: Client) -> None:
    assert await client.call(add.s(1, 2)) == 3
