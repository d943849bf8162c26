from typing import Any

import pytest
from celery import chain, chord, group

from orchestrator.client.amqp_session import AmqpSession
from orchestrator.client.ids import IdSource
from orchestrator.errors import BrokerUnavailable, NotSupported, UsageError
from tests.unit.client.fake_rabbit import FakeRabbit, fake_rabbit
from tests.unit.client.fake_redis import fake_redis
from tests.unit.client.recording_app import recording_app


async def a_session(fake: FakeRabbit, **settings: Any) -> AmqpSession:
    app = recording_app(broker_url=fake.url, **{"result_backend": "rpc://", **settings})
    return await AmqpSession.open(app, IdSource(), None, None, None)


async def test_reply_to_is_our_queue_on_both_roads() -> None:
    async with fake_rabbit() as fake:
        session = await a_session(fake)
        add = session.app.tasks["add"]
        stock = session.app.thread_oid
        listener: Any = session._listener
        await session.submit_all([add.s(1), add.s(1) | add.s(2), group(add.s(1), add.s(2))])
        assert {got.properties["reply_to"] for got in fake.published} == {listener.queue}
        assert stock.encode() not in b"".join(got.body for got in fake.published)
        assert session.app.thread_oid == stock
        await session.close()


async def test_what_rpc_cannot_do_is_refused_before_anything_is_sent() -> None:
    async with fake_rabbit() as fake:
        session = await a_session(fake)
        add, total = session.app.tasks["add"], session.app.tasks["total"]
        implied = group(add.s(1), add.s(2)) | total.s()
        frozen = add.s(1)
        frozen.freeze()
        for canvas in (
            chord([add.s(1)], total.s()),
            implied,
            chain(add.s(1), implied),
            group(add.s(1), chain(add.s(1), implied)),
            add.s(1).set(link=chord([add.s(1), add.s(2)], total.s())),
            add.s(1) | add.s(2).set(link_error=chord([add.s(1), add.s(2)], total.s())),
            frozen,
            add.s(1).set(reply_to="elsewhere"),
            add.s(1) | add.s(2).set(reply_to="elsewhere"),
        ):
            with pytest.raises(NotSupported):
                await session.submit_all([canvas])
        assert fake.published == []
        await session.close()


async def test_chord_with_redis_results() -> None:
    async with fake_rabbit() as fake, fake_redis() as redis:
        url = f"redis://127.0.0.1:{redis.port}/0"
        session = await a_session(fake, result_backend=url)
        add, total = session.app.tasks["add"], session.app.tasks["total"]
        await session.submit_all([chord([add.s(1), add.s(2)], total.s())])
        assert redis.named("SET") or redis.named("SETEX")  # the latter on Celery 5.6
        assert len(fake.published) == 2
        await session.close()


async def test_without_results() -> None:
    async with fake_rabbit() as fake:
        session = await a_session(fake, result_backend="disabled://")
        assert session.results_disabled
        await session.submit_all([session.app.tasks["add"].s(1)])
        assert len(fake.published) == 1
        await session.close()


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"broker_use_ssl": {"ca_certs": "/no/such/file"}}, UsageError),
        ({"broker_use_ssl": {"ca_cert": "mistyped"}}, UsageError),
        ({"broker_login_method": "GSSAPI"}, NotSupported),
        ({"result_backend": "cache+memory://"}, NotSupported),
        ({"broker_url": "amqp://127.0.0.1:1//"}, BrokerUnavailable),
    ],
)
async def test_what_cannot_be_opened(settings: dict[str, Any], error: type[Exception]) -> None:
    async with fake_rabbit() as fake:
        with pytest.raises(error):
            app = recording_app(**{"broker_url": fake.url, "result_backend": "rpc://", **settings})
            await AmqpSession.open(app, IdSource(), None, None, None)
