import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from celery import Celery

from orchestrator.client import result_listener
from orchestrator.client.decoding import ResultDecoder
from orchestrator.client.ids import IdSource
from orchestrator.client.join import Join
from orchestrator.client.plain_joins import GroupJoin
from orchestrator.client.redis_link import RedisLink
from orchestrator.client.result_listener import ResultListener
from orchestrator.client.result_tree import ResultTree
from orchestrator.errors import BrokerUnavailable, ClientClosed
from orchestrator.records import TaskResult
from tests.unit.client.fake_redis import FakeRedis, array, bulk, fake_redis

PREFIX = b"x*[celery-task-meta-"


def payload(value: Any, status: str = "SUCCESS") -> bytes:
    return json.dumps({"status": status, "result": value, "traceback": None}).encode()


def join(*leaves: str, parents: tuple[str, ...] = ()) -> Join:
    return Join(ResultTree(leaves[0], tuple(leaves), frozenset(leaves), parents))


@dataclass
class Bench:
    fake: FakeRedis
    listener: ResultListener
    ids: IdSource
    seen: list[TaskResult]
    arrived: asyncio.Event

    async def until_seen(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.seen) < count:
                self.arrived.clear()
                await self.arrived.wait()

    async def publish(self, task_id: str, data: bytes) -> None:
        channel = PREFIX + task_id.encode()
        if self.ids.owns(task_id):
            await self.fake.push(b"pmessage", b"pattern", channel, data)
        else:
            await self.fake.push(b"message", channel, data)


@asynccontextmanager
async def bench(*, on_result: Any = None) -> AsyncIterator[Bench]:
    async with fake_redis() as fake:
        ids, seen, arrived = IdSource(), list[TaskResult](), asyncio.Event()

        def note(result: TaskResult) -> None:
            seen.append(result)
            arrived.set()

        reader = RedisLink(fake.address, "the result backend")
        backend = Celery("x", backend="redis://localhost", set_as_current=False).backend
        listener = ResultListener(
            fake.address, reader, PREFIX, ResultDecoder(backend), ids, on_result or note
        )
        await listener.ready()
        keeper = asyncio.create_task(listener.keep())
        try:
            yield Bench(fake, listener, ids, seen, arrived)
        finally:
            keeper.cancel()
            await listener.close(within_s=1)
            await reader.close(within_s=1)


async def test_one_pattern_for_all_own_ids() -> None:
    async with bench() as b:
        [command] = b.fake.named("PSUBSCRIBE")
        assert command[1] == rb"x\*\[celery-task-meta-" + b.ids.prefix.encode() + b"*"
        await b.listener.ready()
        assert len(b.fake.named("PSUBSCRIBE")) == 1


async def test_results_reach_their_joins_and_the_callback() -> None:
    async with bench() as b:
        mine, nobodys = b.ids(), b.ids()
        made = join(mine)
        assert b.listener.add(made) == []
        await b.publish(nobodys, payload(1))
        await b.publish(mine, payload(None, "STARTED"))
        await b.publish(mine, payload(2))
        await b.publish(mine, payload(2))
        await b.publish("unknown", payload(3))
        assert await made.wait(5, propagate=True)
        await b.listener.watch([])
        assert made.value() == [2]
        await b.until_seen(3)
        assert [(result.id, result.value) for result in b.seen] == [
            (nobodys, 1),
            (mine, 2),
            (mine, 2),
        ]
        assert all(result.seen_ns > 0 for result in b.seen)


async def test_foreign_ids_are_subscribed_to_read_and_let_go() -> None:
    async with bench() as b:
        stored = {PREFIX + b"there-already": payload("old")}
        b.fake.answers["MGET"] = lambda keys: array(
            *(bulk(stored[key]) if key in stored else b"$-1\r\n" for key in keys)
        )
        made = join("there-already", "to-come")
        await b.listener.watch(b.listener.add(made))
        assert b.fake.named("SUBSCRIBE", "MGET")[0][0] == b"SUBSCRIBE"
        await b.publish("to-come", payload("new"))
        assert await made.wait(5, propagate=True)
        assert made.value() == ["old", "new"]
        await b.fake.until("UNSUBSCRIBE", 2)
        assert b.seen == []


async def test_discard_lets_go() -> None:
    async with bench() as b:
        one, other = join("shared"), join("shared")
        await b.listener.watch(b.listener.add(one))
        assert b.listener.add(other) == []
        b.listener.discard(one)
        assert b.fake.named("UNSUBSCRIBE") == []
        b.listener.discard(other)
        b.listener.discard(other)
        await b.fake.until("UNSUBSCRIBE", 1)


async def test_parents_are_let_go_when_the_value_is_complete() -> None:
    async with bench() as b:
        leaf = b.ids()
        made = join(leaf, parents=("first",))
        await b.listener.watch(b.listener.add(made))
        await b.publish(leaf, payload(1))
        assert await made.wait(5, propagate=True)
        await b.fake.until("UNSUBSCRIBE", 1)
        assert b.listener._waiting == {}


async def test_comes_back_and_reads_what_it_missed() -> None:
    async with bench() as b:
        mine = b.ids()
        made = join(mine, "foreign")
        await b.listener.watch(b.listener.add(made))
        stored = {PREFIX + mine.encode(): payload(1), PREFIX + b"foreign": payload(2)}
        b.fake.answers["MGET"] = lambda keys: array(*(bulk(stored[key]) for key in keys))
        b.fake.cut()
        assert await made.wait(5, propagate=True)
        assert made.value() == [1, 2]
        assert len(b.fake.named("PSUBSCRIBE")) == 2


async def test_what_was_missed_is_read_also_when_another_subscribed_again_and_gave_up() -> None:
    """A submission that is cancelled in the gap takes nothing away from those who wait."""
    async with bench() as b:
        mine = b.ids()
        made = join(mine)
        b.listener.add(made)
        b.fake.answers["MGET"] = None
        b.fake.cut()
        await b.fake.until("PSUBSCRIBE", 2)
        submitting = asyncio.create_task(b.listener.ready())
        await b.fake.until("MGET", 1)
        submitting.cancel()
        b.fake.answers["MGET"] = lambda keys: array(*(bulk(payload(1)) for _ in keys))
        for writer in list(b.fake.connections[1:]):  # the reader's, in the middle of its MGET
            writer.transport.abort()
        assert await made.wait(5, propagate=True)


async def test_whoever_publishes_does_not_wait_for_what_was_missed() -> None:
    async with bench() as b:
        b.listener.add(join(b.ids()))
        b.fake.answers["MGET"] = None
        b.fake.cut()
        async with asyncio.timeout(5):
            await b.fake.until("MGET", 1)
            await b.listener.ready()


async def test_user_who_may_not_ping_is_listened_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(result_listener, "PING_INTERVAL_S", 0.01)
    async with bench() as b:
        b.fake.answers["PING"] = b"-NOPERM no\r\n"
        await b.fake.until("PING", 3)
        made = join(b.ids())
        b.listener.add(made)
        await b.publish(made.tree.id, payload(1))
        assert await made.wait(5, propagate=True)
        assert len(b.fake.named("PSUBSCRIBE")) == 1


async def test_keeps_trying_while_the_server_refuses(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    async with bench() as b:
        made = join(b.ids())
        b.listener.add(made)
        b.fake.answers["PSUBSCRIBE"] = b"-LOADING wait\r\n"
        b.fake.answers["SELECT"] = b"-LOADING wait\r\n"
        b.fake.cut()
        await b.fake.until("SELECT", 3)
        with pytest.raises(BrokerUnavailable, match="LOADING"):
            await b.listener.ready()
        b.fake.answers["SELECT"] = b"+OK\r\n"
        b.fake.answers["PSUBSCRIBE"] = lambda _: array(bulk(b"psubscribe"), bulk(b"p"), b":1\r\n")
        await b.fake.until("MGET", 1)
    assert "trying again" in caplog.text


async def test_connection_that_does_not_answer_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(result_listener, "PING_INTERVAL_S", 0.02)
    monkeypatch.setattr(result_listener, "PING_TIMEOUT_S", 0.02)
    async with bench() as b:
        await b.fake.until("PING", 2)
        pong = b"+PONG\r\n"
        b.fake.answers["PING"] = lambda _: pong if len(b.fake.named("SELECT")) > 1 else None
        await b.fake.until("PSUBSCRIBE", 2)


async def test_callback_that_fails_is_logged_and_costs_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(result: TaskResult) -> None:
        raise LookupError("oh")

    async with bench(on_result=broken) as b:
        made = join(b.ids(), b.ids())
        b.listener.add(made)
        for task_id in made.tree.leaves:
            await b.publish(task_id, payload(1))
        assert await made.wait(5, propagate=True)
    assert "on_result raised" in caplog.text


async def test_end_reaches_everyone() -> None:
    async with bench() as b:
        both = join(b.ids(), "foreign")
        other = join("foreign")
        b.listener.add(both)
        b.listener.add(other)
        b.listener.end(ClientClosed())
        assert isinstance(both.ended, ClientClosed)
        assert isinstance(other.ended, ClientClosed)


async def test_close_takes_the_subscriptions_back() -> None:
    async with bench() as b:
        await b.listener.close(within_s=1)
        assert b.fake.named("PUNSUBSCRIBE")


async def test_block_receives_values_failures_and_what_has_not_ended() -> None:
    async with bench() as b:
        block = GroupJoin("g", b.ids.take(3))
        b.listener.add_block(block)
        failure = {"exc_type": "ValueError", "exc_message": ["no"], "exc_module": "builtins"}
        await b.publish(block.ids[1], payload(None, "STARTED"))
        await b.publish(block.ids[1], payload(failure, "FAILURE"))
        await b.publish(block.ids[2], payload([1, 2]))
        await b.publish(block.ids[2], payload("again"))
        await b.publish(block.ids[0], payload(2**70))
        await b.publish(block.ids[0], payload("late"))
        await b.until_seen(5)
        assert [str(value) for value in block.value()] == [str(2**70), "no", "[1, 2]"]
        assert len(b.listener._pages) == 0
        places = [1, 2, 2, 0, 0]
        assert [result.id for result in b.seen] == [block.ids[place] for place in places]


async def test_block_without_a_callback() -> None:
    async with bench() as b:
        b.listener._waits = type(b.listener._waits)(None)
        block = GroupJoin("g", b.ids.take(2))
        b.listener.add_block(block)
        await b.publish(block.ids[1], payload("b"))
        await b.publish(block.ids[0], payload("a"))
        assert await block.wait(5, propagate=True)
        assert block.value() == ["a", "b"]


async def test_block_that_was_let_go_and_one_that_is_ended() -> None:
    async with bench() as b:
        gone, ended = GroupJoin("g", b.ids.take(2)), GroupJoin("h", b.ids.take(2))
        b.listener.add_block(gone)
        b.listener.add_block(ended)
        b.listener.discard_block(gone)
        await b.publish(gone.ids[0], payload("a"))
        await b.until_seen(1)
        assert gone.waits_for(0)
        b.listener.end(ClientClosed())
        assert isinstance(ended.ended, ClientClosed)
        assert gone.ended is None


async def test_block_reads_what_came_in_a_gap() -> None:
    async with bench() as b:
        block = GroupJoin("g", b.ids.take(3))
        b.listener.add_block(block)
        await b.publish(block.ids[0], payload("a"))
        await b.until_seen(1)
        stored = {PREFIX + block.ids[place].encode(): payload(place) for place in (1, 2)}
        b.fake.answers["MGET"] = lambda keys: array(*(bulk(stored[key]) for key in keys))
        b.fake.cut()
        assert await block.wait(5, propagate=True)
        assert block.value() == ["a", 1, 2]
