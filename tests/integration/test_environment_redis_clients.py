"""A real server: it is deserted once the last other client has left."""

from pathlib import Path

import anyio
import pytest
from redis.asyncio import Redis

from orchestrator.environment.guardian import open_guardian
from orchestrator.environment.redis_clients import deserted
from orchestrator.environment.redis_server import open_redis


@pytest.mark.parametrize("leaves", [True, False])
async def test_it_waits_for_the_last_client(tmp_path: Path, leaves: bool) -> None:
    async with (
        open_guardian() as guardian,
        open_redis(guardian, log_path=tmp_path / "log", password="p") as server,
    ):
        client: Redis = Redis.from_url(server.info.url)
        await client.ping()
        with anyio.move_on_after(0.5) as scope:
            if leaves:
                await client.aclose()
            await deserted(server.info.url)
        assert scope.cancelled_caught is not leaves
        await client.aclose()


async def test_a_server_that_is_gone_has_no_clients() -> None:
    with anyio.fail_after(5):
        await deserted("redis://127.0.0.1:1/0")
