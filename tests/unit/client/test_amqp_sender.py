import asyncio
import logging
from typing import Any

import pytest
from amqp import spec
from celery import group
from kombu import entity

from orchestrator.client.amqp_failures import DeclarationRefused, UnroutableTasks
from orchestrator.client.amqp_messages import PIECE_MESSAGES
from orchestrator.client.amqp_wire import read_arguments
from orchestrator.errors import BrokerUnavailable, PublishUncertain
from tests.unit.client.fake_rabbit import Got, Peer
from tests.unit.client.rabbit_app import rabbit_bench

Queue: Any = entity.Queue  # kombu is typed only in part


async def test_declared_once_then_published_in_order() -> None:
    async with rabbit_bench() as b:
        count = PIECE_MESSAGES + 10
        await b.send(group(b.add(i) for i in range(count)))
        await b.send(b.add(-1))
        assert [len(b.fake.all(sig)) for sig in (spec.Exchange.Declare, spec.Queue.Bind)] == [1, 1]
        signatures = [got.signature for got in b.fake.got]
        assert signatures.index(spec.Queue.Bind) < signatures.index(spec.Confirm.Select)
        sent = [got.properties["application_headers"]["argsrepr"] for got in b.fake.published]
        assert sent == [f"({i},)" for i in (*range(count), -1)]
        assert len(b.fake.all(spec.Confirm.Select)) == 1


async def test_tasks_are_mandatory_and_broadcasts_are_not() -> None:
    async with rabbit_bench() as b:
        await b.send(b.add())
        captured = b.recorder.capture(b.add())
        captured.commands[:] = b.recorder.broker.broadcast("revoke", {"task_id": ["x"]})
        await b.sender.send([captured])
        mandatory = [read_arguments("Bssbb", got.payload)[3] for got in b.fake.published]
        assert mandatory == [True, False]


async def test_new_connection_declares_again(caplog: pytest.LogCaptureFixture) -> None:
    async with rabbit_bench() as b:
        await b.send(b.add())
        b.fake.peers[0].cut()
        assert b.link.connection is not None
        await b.link.connection.closed.wait()
        await b.send(b.add())
        assert len(b.fake.all(spec.Queue.Declare)) == 2
        b.fake.peers[1].cut()
        await b.link.connection.closed.wait()
        b.fake.refusals[spec.Queue.Declare] = (406, "inequivalent arg")
        caplog.set_level(logging.WARNING)
        await b.send(b.add(queue="celery", exchange="other", routing_key="key"))
        assert "refused the queue 'celery' again: inequivalent arg" in caplog.text
        with pytest.raises(DeclarationRefused):
            await b.send(b.add())


async def test_refused_declaration_says_which() -> None:
    async with rabbit_bench() as b:
        b.fake.refusals[spec.Queue.Declare] = (406, "inequivalent arg 'durable'")
        for _ in range(2):
            with pytest.raises(DeclarationRefused, match=r"the queue 'celery': inequivalent arg"):
                await b.send(b.add())
        assert b.fake.published == []
        b.fake.refusals.clear()
        await b.send(b.add())
        assert len(b.fake.published) == 1


async def test_declarations_of_a_lost_connection_are_not_forgotten() -> None:
    async with rabbit_bench() as b:
        b.fake.silent.add(spec.Queue.Declare)
        sending = asyncio.ensure_future(b.send(b.add()))
        await b.fake.until(spec.Queue.Declare)
        b.fake.peers[0].cut()
        with pytest.raises(BrokerUnavailable):
            await sending
        b.fake.silent.clear()
        await b.send(b.add())
        assert len(b.fake.all(spec.Queue.Declare)) == 2
        assert len(b.fake.published) == 1


async def test_refused_by_the_broker() -> None:
    async with rabbit_bench() as b:

        def nack_second(peer: Peer, got: Got, number: int) -> None:
            answer = spec.Basic.Nack if number == 2 else spec.Basic.Ack
            peer.send(got.channel, answer, "Lb", number, False)

        b.fake.on_publish = nack_second  # type: ignore[method-assign]
        ids = ["a", "b", "c"]
        with pytest.raises(PublishUncertain, match=r"1 tasks.*basic\.nack") as caught:
            await b.send(group(b.add(i, task_id=id) for i, id in enumerate(ids)))
        assert caught.value.task_ids == ("b",)


async def test_handed_back() -> None:
    async with rabbit_bench() as b:

        def hand_back(peer: Peer, got: Got, number: int) -> None:
            peer.give_back(got.channel, got)
            peer.send(got.channel, spec.Basic.Ack, "Lb", number, False)

        b.fake.on_publish = hand_back  # type: ignore[method-assign]
        with pytest.raises(UnroutableTasks, match=r"1 of 1 messages came back.*nowhere") as caught:
            await b.send(b.add(task_id="lost"))
        assert caught.value.task_ids == ("lost",)


@pytest.mark.parametrize("exchange", ["unknown", "known"])
async def test_channel_closed_while_publishing(exchange: str) -> None:
    async with rabbit_bench() as b:

        def close(peer: Peer, got: Got, number: int) -> None:
            text = "NOT_FOUND - no exchange 'unknown' in vhost '/'"
            peer.close_channel(got.channel, 404, text, spec.Basic.Publish)

        b.fake.on_publish = close  # type: ignore[method-assign]
        expected: Any = UnroutableTasks if exchange == "unknown" else PublishUncertain
        with pytest.raises(expected, match="no exchange 'unknown'") as caught:
            await b.send(b.add(task_id="lost", exchange=exchange, routing_key="key"))
        assert caught.value.task_ids == ("lost",)
        del b.fake.on_publish
        await b.send(b.add())


async def test_lost_while_publishing() -> None:
    async with rabbit_bench() as b:

        def ack_first_and_cut(peer: Peer, got: Got, number: int) -> None:
            if number == 1:
                peer.send(got.channel, spec.Basic.Ack, "Lb", number, False)
            elif number == 3:
                peer._writer.close()

        b.fake.on_publish = ack_first_and_cut  # type: ignore[method-assign]
        ids = ["a", "b", "c"]
        with pytest.raises(PublishUncertain, match="the connection broke") as caught:
            await b.send(group(b.add(i, task_id=id) for i, id in enumerate(ids)))
        assert caught.value.task_ids == ("b", "c")


async def test_confirm_timeout() -> None:
    async with rabbit_bench() as b:
        b.fake.on_publish = lambda *_: None  # type: ignore[method-assign]
        with pytest.raises(PublishUncertain, match=r"within 0\.1 s") as caught:
            await b.send(b.add(task_id="slow", confirm_timeout=0.1))
        assert caught.value.task_ids == ("slow",)


async def test_blocked_broker_is_waited_for() -> None:
    async with rabbit_bench() as b:
        await b.send(b.add())
        b.fake.peers[0].send(0, spec.Connection.Blocked, "s", "memory")
        connection: Any = b.link.connection
        async with asyncio.timeout(5):
            while connection.blocked is None:  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(0)
        sending = asyncio.ensure_future(b.send(b.add()))
        done, _ = await asyncio.wait([sending], timeout=0.05)
        assert not done
        assert len(b.fake.published) == 1
        b.fake.peers[0].send(0, spec.Connection.Unblocked)
        await sending
        assert len(b.fake.published) == 2


async def test_quorum_queue_and_priorities_are_declared() -> None:
    queues = [Queue("celery", max_priority=5)]
    async with rabbit_bench(task_queues=queues, task_create_missing_queue_type="quorum") as b:
        await b.send(b.add(priority=3), b.add(queue="made"))
        declared = {}
        for got in b.fake.all(spec.Queue.Declare):
            _, name, *_, arguments = read_arguments("BsbbbbbF", got.payload)
            declared[name] = arguments
        assert declared == {"celery": {"x-max-priority": 5}, "made": {"x-queue-type": "quorum"}}
        assert [got.properties.get("priority") for got in b.fake.published] == [3, None]
