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
from orchestrator.client.fast_road import FastRoad
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

    async def send_fast(self, signature: Any) -> list[str]:
        recorder = self.recorder
        road = FastRoad(recorder.app, recorder.capturer, recorder.ids)
        taken = await road.take(signature)
        assert taken is not None
        await self.sender.send([taken.captured])
        return taken.captured.task_ids

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


async def test_fast_messages_go_in_pieces_in_order() -> None:
    async with bench() as b:
        ids = await b.send_fast(group(b.add(i) for i in range(2 * PUSH_CHUNK + 10)))
        pushes = b.fake.named("LPUSH")
        assert [len(push) - 2 for push in pushes] == [PUSH_CHUNK, PUSH_CHUNK, 10]
        sent = [json.loads(message) for push in pushes for message in push[2:]]
        assert [task["headers"]["id"] for task in sent] == ids
        names = [command[0] for command in b.fake.commands]
        assert names.index(b"SADD") < names.index(b"LPUSH")


async def test_fast_chord_size_is_there_first() -> None:
    async with bench() as b:
        b.backend.answers["SET"] = b.backend.answers["SETEX"] = b"-OOM full\r\n"
        canvas = chord([b.add(1), b.add(2), b.add(3)], b.recorder.task("total"))
        with pytest.raises(BrokerUnavailable, match="OOM full"):
            await b.send_fast(canvas)
        assert b.fake.named("LPUSH") == []
        b.backend.answers["SET"] = b.backend.answers["SETEX"] = b"+OK\r\n"
        b.backend.answers["PUBLISH"] = b":0\r\n"
        await b.send_fast(canvas)
        assert any(b"3" in command for command in b.backend.commands)


async def test_lost_halfway_is_uncertain_and_has_all_ids() -> None:
    async with bench() as b:
        pushes = 0

        def answer(arguments: list[bytes]) -> bytes | None:
            nonlocal pushes
            pushes += 1
            if pushes == 2:
                b.fake.cut()
                return None
            return b":1\r\n"

        b.fake.answers["LPUSH"] = answer
        count = 5 * PUSH_CHUNK
        with pytest.raises(PublishUncertain) as error:
            await b.send_fast(group(b.add(i) for i in range(count)))
        assert len(set(error.value.task_ids)) == count


async def test_refused_in_part_is_uncertain() -> None:
    async with bench() as b:
        answers = iter([b":1\r\n", b"-OOM full\r\n"])
        b.fake.answers["LPUSH"] = lambda _: next(answers)
        with pytest.raises(PublishUncertain, match="OOM full") as error:
            await b.send_fast(group(b.add(i) for i in range(PUSH_CHUNK + 1)))
        assert len(error.value.task_ids) == PUSH_CHUNK + 1
