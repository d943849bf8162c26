import asyncio
import gc
from typing import Any

import pytest
from celery import Celery, chain

from orchestrator.client.failures import EmptyCanvas
from orchestrator.client.ids import IdSource
from orchestrator.client.session import RedisSession
from orchestrator.errors import BrokerUnavailable, ClientClosed, UsageError
from tests.unit.client.fake_redis import FakeRedis, fake_redis
from tests.unit.client.recording_app import recording_app


async def a_session(fake: FakeRedis, **settings: Any) -> RedisSession:
    url = f"redis://127.0.0.1:{fake.port}"
    app = recording_app(broker_url=f"{url}/0", result_backend=f"{url}/1", **settings)
    return await RedisSession.open(app, IdSource(), None, None, None)


async def test_waits_are_set_up_before_anything_is_sent() -> None:
    async with fake_redis() as fake:
        session = await a_session(fake)
        add = session.app.tasks["add"]
        await session.submit_all([add.s(1), add.s(1).set(task_id="mine")])
        names = [command[0] for command in fake.commands]
        assert names.index(b"PSUBSCRIBE") < names.index(b"LPUSH")
        assert names.index(b"SUBSCRIBE") < names.index(b"MGET") < names.index(b"LPUSH")
        await session.close()


async def test_what_could_not_be_sent_is_not_waited_for() -> None:
    async with fake_redis() as fake:
        session = await a_session(fake)
        fake.answers["LPUSH"] = b"-OOM full\r\n"
        with pytest.raises(BrokerUnavailable):
            await session.submit_all([session.app.tasks["add"].s(1)])
        listener: Any = session._listener
        assert listener._waiting == {}
        await session.close()


async def test_signature_that_cannot_be_sent_stops_the_batch() -> None:
    async with fake_redis() as fake:
        session = await a_session(fake)
        add = session.app.tasks["add"]
        for bad, error in ((add.s(1, 2, 3), TypeError), (chain(), EmptyCanvas)):
            with pytest.raises(error):
                await session.submit_all([add.s(1), bad])
        gc.collect()
        await asyncio.sleep(0)
        listener: Any = session._listener
        assert listener._waiting == {}
        assert fake.named("LPUSH") == []
        await session.close()


async def test_handle_deleted_in_another_thread() -> None:
    async with fake_redis() as fake:
        session = await a_session(fake)
        handles = await session.submit_all([session.app.tasks["add"].s(1)])
        listener: Any = session._listener
        assert len(listener._waiting) == 1
        await asyncio.to_thread(handles.clear)
        await asyncio.sleep(0)
        assert listener._waiting == {}
        await session.close()


async def test_single_tasks_go_out_in_one_push() -> None:
    async with fake_redis() as fake:
        session = await a_session(fake)
        add = session.app.tasks["add"]
        handles = await session.submit_all([add.s(number) for number in range(5)])
        [push] = fake.named("LPUSH")
        assert len(push) == 2 + 5
        assert len({handle.id for handle in handles}) == 5
        await session.close()


async def test_closed_session_refuses() -> None:
    async with fake_redis() as fake:
        session = await a_session(fake)
        await session.close()
        with pytest.raises(ClientClosed):
            await session.submit_all([session.app.tasks["add"].s(1)])


async def test_nothing_stays_open_when_one_side_cannot_be_reached() -> None:
    async with fake_redis() as fake:
        app = recording_app(
            broker_url=f"redis://127.0.0.1:{fake.port}/0", result_backend="redis://127.0.0.1:1/0"
        )
        with pytest.raises(BrokerUnavailable, match="the result backend"):
            await RedisSession.open(app, IdSource(), None, None, None)
        [writer] = fake.connections
        async with asyncio.timeout(5):
            await writer.wait_closed()


@pytest.mark.parametrize(
    ("broker", "results"),
    [
        ("nonsense://localhost", "redis://localhost"),
        ("redis://localhost/db", "redis://localhost"),
        ("redis://:hush#hush@localhost", "redis://localhost"),
        ("redis://localhost", "nonsense://localhost"),
        ("redis://localhost", "rediss://localhost"),
        ("redis://localhost", "redis://localhost/db"),
    ],
)
async def test_urls_that_make_no_sense(broker: str, results: str) -> None:
    app = Celery("x", broker=broker, backend=results, set_as_current=False)
    with pytest.raises(UsageError) as error:
        await RedisSession.open(app, IdSource(), None, None, None)
    assert "hush" not in str(error.value)
