import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import kombu
import pytest
from celery import chord, group
from kombu import entity

from orchestrator.client.failures import Unroutable
from orchestrator.client.redis_link import RedisLink
from orchestrator.client.redis_sender import PUSH_CHUNK, RedisSender
from orchestrator.errors import BrokerUnavailable, PublishUncertain
from tests.unit.client.fake_redis import FakeRedis, array, bulk, fake_redis
from tests.unit.client.recording_app import Recorder


@dataclass
class Bench:
    fake: FakeRedis
    backend: FakeRedis
    recorder: Recorder
    sender: RedisSender

    async def send(self, *signatures: Any) -> None:
        await self.sender.send([self.recorder.capture(signature) for signature in signatures])

    def add(self, x: int = 1, **options: Any) -> Any:
        return self.recorder.task("add", x, **options)


@asynccontextmanager
async def bench(**settings: Any) -> AsyncIterator[Bench]:
    async with fake_redis() as fake, fake_redis() as backend:
        recorder = Recorder(**settings)
        link = RedisLink(fake.address, "the broker")
        results = RedisLink(backend.address, "the result backend")
        sender = RedisSender(recorder.broker, link, results)
        await sender.ready()
        yield Bench(fake, backend, recorder, sender)
        await link.close(within_s=1)
        await results.close(within_s=1)


async def test_many_messages_are_few_commands_in_order() -> None:
    async with bench() as b:
        count = PUSH_CHUNK + 10
        await b.send(group(b.add(i) for i in range(count)), b.add(-1, queue="other"))
        pushes = b.fake.named("LPUSH")
        assert [(push[1], len(push) - 2) for push in pushes] == [
            (b"celery", PUSH_CHUNK),
            (b"celery", 10),
            (b"other", 1),
        ]
        sent = [json.loads(message) for push in pushes[:2] for message in push[2:]]
        assert [task["headers"]["argsrepr"] for task in sent] == [f"({i},)" for i in range(count)]


async def test_bindings_go_first_once_and_again_on_a_new_connection() -> None:
    async with bench() as b:
        await b.send(b.add())
        names = [command[0] for command in b.fake.commands]
        assert names.index(b"SADD") < names.index(b"LPUSH")
        bindings = len(b.fake.named("SADD"))
        await b.send(b.add())
        assert len(b.fake.named("SADD")) == bindings
        b.fake.cut()
        link = b.sender._link
        assert link._connection is not None
        await link._connection.closed.wait()
        await b.send(b.add())
        assert len(b.fake.named("SADD")) == 2 * bindings


async def test_chord_size_is_there_before_the_first_header_task_is_sent() -> None:
    async with bench() as b:
        written = asyncio.Event()
        b.backend.answers["SET"] = b.backend.answers["SETEX"] = lambda _: written.set()
        canvas = chord([b.add(1), b.add(2)], b.recorder.task("total"))
        sending = asyncio.create_task(b.send(canvas))
        await written.wait()
        assert b.fake.named("LPUSH") == []
        b.backend.connections[0].write(b"+OK\r\n")  # 5.6 also publishes it, and has that answer
        await sending
        assert len(b.fake.named("LPUSH")) == 1


async def test_backend_that_refuses_stops_the_canvas() -> None:
    async with bench() as b:
        b.backend.answers["SET"] = b.backend.answers["SETEX"] = b"-OOM full\r\n"
        with pytest.raises(BrokerUnavailable, match=r"the result backend.*OOM full"):
            await b.send(chord([b.add(1), b.add(2)], b.recorder.task("total")))
        assert b.fake.named("LPUSH") == []


async def test_topic_exchange_is_looked_up() -> None:
    exchange = entity.Exchange("news", type="topic")  # type: ignore[no-untyped-call]
    queues = [entity.Queue("q", exchange, "a.#")]  # type: ignore[no-untyped-call]
    async with bench(task_queues=queues) as b:
        b.fake.answers["SMEMBERS"] = array(bulk(b"a.#\x06\x16^a\\..*?$\x06\x16q"))
        await b.send(b.add(queue="q", routing_key="a.b"), b.add(queue="q", routing_key="a.c"))
        [lookup] = b.fake.named("SMEMBERS")
        assert lookup[1] == b"_kombu.binding.news"
        assert [push[1] for push in b.fake.named("LPUSH")] == [b"q"]
        b.fake.answers["SMEMBERS"] = array()
        with pytest.raises(Unroutable):
            await b.send(b.add(queue="q", routing_key="a.b"))
        b.fake.answers["SMEMBERS"] = b"-NOPERM no\r\n"
        with pytest.raises(BrokerUnavailable, match="NOPERM"):
            await b.send(b.add(queue="q", routing_key="a.b"))


async def test_all_refused_is_unavailable_and_some_refused_is_uncertain() -> None:
    async with bench() as b:
        b.fake.answers["LPUSH"] = b"-OOM full\r\n"
        with pytest.raises(BrokerUnavailable, match="refused the messages: OOM full"):
            await b.send(b.add())
        b.fake.answers["LPUSH"] = lambda arguments: (
            b"-OOM full\r\n" if arguments[0] == b"other" else b":1\r\n"
        )
        with pytest.raises(PublishUncertain, match="OOM full") as error:
            await b.send(b.add(task_id="one"), b.add(task_id="two", queue="other"))
        assert error.value.task_ids == ("one", "two")


async def test_lost_after_writing_is_uncertain_and_not_sent_again() -> None:
    async with bench() as b:
        b.fake.answers["LPUSH"] = lambda _: b.fake.cut()
        with pytest.raises(PublishUncertain, match="not sent again") as error:
            await b.send(b.add(task_id="one"))
        assert error.value.task_ids == ("one",)
        b.fake.answers["LPUSH"] = b":1\r\n"
        await b.send(b.add(task_id="two"))
        assert len(b.fake.named("LPUSH")) == 2


async def test_refused_binding_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    async with bench() as b:
        b.fake.answers["SADD"] = b"-NOPERM no\r\n"
        with caplog.at_level(logging.WARNING):
            await b.send(b.add())
        assert "NOPERM" in caplog.text


@pytest.mark.skipif(kombu.VERSION < (5, 7), reason="kombu's Redis queues expire from 5.7 on")
async def test_queue_that_expires_is_told_so_once() -> None:
    queues = [entity.Queue("q", expires=60)]  # type: ignore[no-untyped-call]
    async with bench(task_queues=queues) as b:
        await b.send(group(b.add(i, queue="q") for i in range(10)))
        names = [command[0] for command in b.fake.commands]
        assert names.index(b"LPUSH") < names.index(b"PEXPIRE")
        assert len(b.fake.named("PEXPIRE")) == 4
