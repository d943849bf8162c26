import asyncio
import json
import logging
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from amqp import spec
from kombu.exceptions import ContentDisallowed

from orchestrator.client.amqp_frames import Content
from orchestrator.client.amqp_link import AmqpLink
from orchestrator.client.amqp_results import RpcDecoder, RpcListener
from orchestrator.client.amqp_wire import encoded_properties, read_arguments
from orchestrator.client.ids import IdSource
from orchestrator.client.join import Join
from orchestrator.client.plain_joins import GroupJoin
from orchestrator.client.recording_backend import real_backend
from orchestrator.client.result_tree import ResultTree
from orchestrator.errors import ClientClosed
from tests.unit.client.fake_rabbit import FakeRabbit, fake_rabbit
from tests.unit.client.recording_app import recording_app


class Place:
    def __init__(self, fake: FakeRabbit) -> None:
        self.address = lambda: fake.address


def a_backend(**settings: Any) -> Any:
    app = recording_app(broker_url="amqp://", result_backend="rpc://", **settings)
    return real_backend(app, rpc=True)


@asynccontextmanager
async def listening(seen: list[Any] | None = None) -> AsyncIterator[tuple[FakeRabbit, RpcListener]]:
    async with fake_rabbit() as fake:
        on_result = None if seen is None else seen.append
        listener = RpcListener(AmqpLink([Place(fake)]), a_backend(), on_result)
        await listener.ready()
        yield fake, listener
        await listener.close(within_s=1)


def a_join(*ids: str) -> Join:
    return Join(ResultTree("canvas", ids, frozenset(ids), ()))


def meta(task_id: str, status: str = "SUCCESS", result: Any = None) -> bytes:
    return json.dumps({"status": status, "result": result, "task_id": task_id}).encode()


def deliver(fake: FakeRabbit, task_id: str, *, peer: int = -1, **fields: Any) -> None:
    fake.peers[peer].deliver(
        1,
        meta(task_id, **fields),
        content_type="application/json",
        content_encoding="utf-8",
        correlation_id=task_id,
    )


async def test_results_come_to_who_waits() -> None:
    seen: list[Any] = []
    async with listening(seen) as (fake, listener):
        join = a_join("one", "two")
        assert listener.add(join) == []
        deliver(fake, "one", status="STARTED")
        deliver(fake, "other", result=9)
        deliver(fake, "one", result=1)
        deliver(fake, "one", result=1)
        deliver(fake, "two", result=2)
        assert await join.wait(5, propagate=True)
        assert join.value() == [1, 2]
        assert [result.id for result in seen] == ["other", "one", "one", "two"]


async def test_results_of_a_block() -> None:
    async with listening() as (fake, listener):
        ids = IdSource().take(3)
        join = GroupJoin("group", ids)
        listener.add_block(join)
        for place, task_id in enumerate(ids):
            deliver(fake, task_id, result=place)
        assert await join.wait(5, propagate=True)
        assert join.value() == [0, 1, 2]
        assert len(listener._pages) == 0
        other = GroupJoin("group", IdSource().take(1))
        listener.add_block(other)
        listener.discard_block(other)
        assert len(listener._pages) == 0


async def test_queue_is_ours_durable_and_deleted_at_the_end() -> None:
    async with listening() as (fake, listener):
        [declared] = fake.all(spec.Queue.Declare)
        _, name, passive, durable, exclusive, auto_delete, _, arguments = read_arguments(
            "BsbbbbbF", declared.payload
        )
        assert name == listener.queue
        assert (passive, durable, exclusive, auto_delete) == (False, True, False, False)
        assert arguments == {"x-expires": 300_000}
        [consumed] = fake.all(spec.Basic.Consume)
        assert read_arguments("BssbbbbF", consumed.payload)[4] is True
    [deleted] = fake.all(spec.Queue.Delete)
    assert read_arguments("Bsbbb", deleted.payload)[1] == listener.queue


async def test_shorter_lived_results_mean_a_shorter_lived_queue() -> None:
    async with fake_rabbit() as fake:
        listener = RpcListener(AmqpLink([Place(fake)]), a_backend(result_expires=60), None)
        await listener.ready()
        [declared] = fake.all(spec.Queue.Declare)
        assert read_arguments("BsbbbbbF", declared.payload)[-1] == {"x-expires": 60_000}
        await listener.close(within_s=1)


@pytest.mark.parametrize("how", ["cut", "deleted"])
async def test_comes_back(how: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    async with listening() as (fake, listener):
        keeping = asyncio.ensure_future(listener.keep())
        join = a_join("one")
        listener.add(join)
        fake.refusals[spec.Queue.Declare] = (404, "home node is down")
        if how == "cut":
            fake.peers[0].cut()
        else:
            fake.peers[0].send(1, spec.Basic.Cancel, "sb", "tag", True)
        await fake.until(spec.Queue.Declare, 2)
        fake.refusals.clear()
        await fake.until(spec.Basic.Consume, 2)
        peer = fake.peers[-1]
        channel = fake.all(spec.Basic.Consume)[-1].channel
        peer.deliver(channel, meta("one", result=5), content_type="application/json")
        assert await join.wait(5, propagate=True)
        assert join.value() == [5]
        assert "home node is down" in caplog.text
        keeping.cancel()


async def test_ended_and_discarded() -> None:
    async with listening() as (_, listener):
        kept, dropped = a_join("one"), a_join("one", "two")
        block = GroupJoin("group", IdSource().take(2))
        listener.add(kept)
        listener.add(dropped)
        listener.add_block(block)
        await listener.watch(["one"])
        listener.discard(dropped)
        listener.end(ClientClosed())
        assert isinstance(kept.ended, ClientClosed)
        assert isinstance(block.ended, ClientClosed)
        assert dropped.ended is None


async def test_close_is_bounded_and_may_find_nothing() -> None:
    async with fake_rabbit() as fake:
        listener = RpcListener(AmqpLink([Place(fake)]), a_backend(), None)
        await listener.close(within_s=1)
        await listener.ready()
        fake.silent |= {spec.Queue.Delete}
        async with asyncio.timeout(2):
            await listener.close(within_s=0.1)


def content(body: bytes, **properties: Any) -> Content:
    given = {"content_type": "application/json", "content_encoding": "utf-8", **properties}
    return Content(spec.Basic.Deliver, b"", encoded_properties(given), body)


def test_decoded_like_stock() -> None:
    decoder = RpcDecoder(a_backend())
    failure = {"exc_type": "ValueError", "exc_message": ["no"], "exc_module": "builtins"}
    failed = decoder.decode(content(meta("a", "FAILURE", failure)), 7)
    assert failed is not None
    assert (failed.state, repr(failed.error), failed.seen_ns) == ("FAILURE", "ValueError('no')", 7)
    assert decoder.decode(content(meta("a", "RETRY")), 7) is None
    packed = zlib.compress(meta("a", result=1))
    squeezed = content(packed, application_headers={"compression": "application/x-gzip"})
    done = decoder.decode(squeezed, 7)
    assert done is not None
    assert (done.state, done.value) == ("SUCCESS", 1)


@pytest.mark.parametrize("body", [b"{", b"[]", b"{}"])
def test_what_cannot_be_decoded_fails_the_task(body: bytes) -> None:
    result = RpcDecoder(a_backend()).decode(content(body, correlation_id="me"), 7)
    assert result is not None
    assert (result.id, result.state) == ("me", "FAILURE")


def test_content_that_is_not_accepted() -> None:
    pickled = content(b"", content_type="application/x-python-serialize", correlation_id="me")
    result = RpcDecoder(a_backend()).decode(pickled, 7)
    assert result is not None
    assert isinstance(result.error, ContentDisallowed)
