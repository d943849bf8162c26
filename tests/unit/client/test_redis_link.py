import asyncio
from dataclasses import replace

import pytest

from orchestrator.client.redis_link import RedisLink
from orchestrator.errors import BrokerUnavailable
from tests.unit.client.fake_redis import fake_redis


async def test_opens_once_and_again_after_a_loss() -> None:
    async with fake_redis() as fake:
        link = RedisLink(fake.address, "the broker")
        assert link.connection is None
        first, same = await asyncio.gather(link.ready(), link.ready())
        assert first is same
        fake.cut()
        await first.closed.wait()
        assert link.connection is None
        assert await link.ready() is not first
        await link.close(within_s=1)
        assert link.connection is None


async def test_all_who_wait_share_one_failure() -> None:
    async with fake_redis() as fake:
        fake.answers["SELECT"] = None
        address = replace(fake.address, connect_timeout_s=0.1)
        link = RedisLink(address, "the broker")
        async with asyncio.timeout(1):
            errors = await asyncio.gather(
                *(link.ready() for _ in range(50)), return_exceptions=True
            )
        assert all(isinstance(error, BrokerUnavailable) for error in errors)
        assert len(fake.named("SELECT")) == 1
        assert "the broker at redis://127.0.0.1:" in str(errors[0])
        assert "no answer in 0.1 s" in str(errors[0])


async def test_a_cancelled_attempt_is_taken_over() -> None:
    async with fake_redis() as fake:
        fake.answers["SELECT"] = None
        link = RedisLink(fake.address, "the broker")
        first = asyncio.create_task(link.ready())
        second = asyncio.create_task(link.ready())
        await fake.until("SELECT")
        fake.answers["SELECT"] = b"+OK\r\n"
        first.cancel()
        connection = await second
        assert not connection.closed.is_set()
        await link.close(within_s=1)


async def test_refusal_and_absence_are_ours() -> None:
    async with fake_redis() as fake:
        fake.answers["SELECT"] = b"-WRONGPASS invalid\r\n"
        with pytest.raises(BrokerUnavailable, match=r"the result backend.*WRONGPASS invalid"):
            await RedisLink(fake.address, "the result backend").ready()
        port = fake.port
    with pytest.raises(BrokerUnavailable, match="cannot be used"):
        await RedisLink(replace(fake.address, port=port), "the broker").ready()
