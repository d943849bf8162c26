import pytest

from orchestrator.client.backend_writes import write_backend
from orchestrator.client.redis_link import RedisLink
from orchestrator.errors import BrokerUnavailable
from tests.unit.client.fake_redis import fake_redis


async def test_nothing_to_write_needs_no_backend() -> None:
    await write_backend(None, [])


async def test_written_and_confirmed() -> None:
    async with fake_redis() as fake:
        link = RedisLink(fake.address, "the result backend")
        await write_backend(link, [("SET", "size", 3)])
        assert fake.named("SET") == [[b"SET", b"size", b"3"]]
        await link.close(within_s=1)


@pytest.mark.parametrize("how", ["refused", "cut"])
async def test_backend_that_cannot_keep_it(how: str) -> None:
    async with fake_redis() as fake:
        link = RedisLink(fake.address, "the result backend")
        await link.ready()

        def cut(arguments: list[bytes]) -> None:
            fake.cut()

        fake.answers["SET"] = b"-OOM command not allowed\r\n" if how == "refused" else cut
        with pytest.raises(BrokerUnavailable, match="the result backend"):
            await write_backend(link, [("SET", "size", 3)])
        await link.close(within_s=1)
