from typing import Any

import pytest

from orchestrator.client.amqp_session import AmqpSession
from orchestrator.client.eager_session import EagerSession
from orchestrator.client.ids import IdSource
from orchestrator.client.opening import open_session
from orchestrator.client.session import RedisSession
from orchestrator.errors import NotSupported, UsageError
from tests.unit.client.fake_rabbit import fake_rabbit
from tests.unit.client.fake_redis import fake_redis
from tests.unit.client.recording_app import recording_app


async def opened(broker_url: str | None = None, **settings: Any) -> Any:
    return await open_session(recording_app(**settings), IdSource(), None, broker_url, None)


async def test_by_the_broker() -> None:
    async with fake_rabbit() as rabbit, fake_redis() as redis:
        url = f"redis://127.0.0.1:{redis.port}/0"
        for given, kind in ((rabbit.url, AmqpSession), (url, RedisSession)):
            session = await opened(given, result_backend=url)
            assert type(session) is kind
            await session.close()


async def test_eager() -> None:
    assert type(await opened(task_always_eager=True)) is EagerSession


async def test_what_there_is_no_session_for() -> None:
    with pytest.raises(NotSupported, match="memory"):
        await opened("memory://", result_backend="disabled://")
    with pytest.raises(UsageError):
        await opened("no-such-transport://")
