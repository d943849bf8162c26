"""The backlog of a real Redis: every priority list counts, and so does what is unacknowledged."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import kombu.pools
import pytest
from celery import Celery
from redis.asyncio import Redis

from orchestrator.environment.guardian import open_guardian
from orchestrator.environment.redis_server import open_redis
from orchestrator.errors import BrokerUnavailable
from orchestrator.observe.redis_backlog import PAGE, RedisBacklog


@pytest.fixture
async def url(tmp_path: Path) -> AsyncIterator[str]:
    async with (
        open_guardian() as guardian,
        open_redis(guardian, log_path=tmp_path / "log", password="p") as server,
    ):
        yield server.info.url


def app(url: str, prefix: str = "") -> Celery:
    app = Celery("backlog", broker=url, set_as_current=False)
    app.conf.broker_transport_options = {"global_keyprefix": prefix} if prefix else {}
    return app


@pytest.mark.parametrize("prefix", ["", "team:"])
async def test_depths_and_ids_of_what_stock_celery_published(url: str, prefix: str) -> None:
    celery = app(url, prefix)
    for number in range(3):
        celery.send_task("x", queue="add", task_id=f"a{number}")
    celery.send_task("x", queue="add", task_id="urgent", priority=9)
    celery.send_task("x", queue="other", task_id="o")
    kombu.pools.reset()  # type: ignore[no-untyped-call]
    redis: Redis = Redis.from_url(url)
    taken = await redis.rpop(f"{prefix}add")
    assert isinstance(taken, bytes)
    await redis.hset(f"{prefix}unacked", "tag", json.dumps([json.loads(taken), "", "add"]))
    await redis.aclose()
    backlog = RedisBacklog(celery, url, ["add", "other", "empty"])
    assert await backlog.depths() == {"add": 3, "other": 1, "empty": 0, "unacked": 1}
    assert await backlog.task_ids({}) == {"a0", "a1", "a2", "urgent", "o"}
    await backlog.aclose()


async def test_long_queues_are_read_page_by_page(url: str) -> None:
    redis: Redis = Redis.from_url(url)
    messages = [json.dumps({"headers": {"id": str(n)}}) for n in range(2 * PAGE + 5)]
    await redis.lpush("add", *messages, "no json", "[1]")
    await redis.aclose()
    backlog = RedisBacklog(app(url), url, ["add"])
    assert len(await backlog.task_ids({})) == 2 * PAGE + 5
    await backlog.aclose()


async def test_a_broker_that_is_gone_is_said(url: str) -> None:
    backlog = RedisBacklog(app("redis://127.0.0.1:1/0"), "redis://127.0.0.1:1/0", ["add"])
    with pytest.raises(BrokerUnavailable):
        await backlog.depths()
    with pytest.raises(BrokerUnavailable):
        await backlog.task_ids({})
    await backlog.aclose()
