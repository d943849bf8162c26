import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from amqp import sasl, spec

from orchestrator.client.amqp_address import AmqpAddress
from orchestrator.client.amqp_channel import AmqpConnectionLost
from orchestrator.client.amqp_connection import AmqpConnection, AmqpRefused, connect
from orchestrator.client.amqp_messages import AmqpMessage
from orchestrator.client.amqp_wire import encoded_properties, read_arguments
from tests.unit.client.fake_rabbit import FakeRabbit, fake_rabbit


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0)


async def test_handshake() -> None:
    async with fake_rabbit() as fake:
        fake.frame_max = 8192
        address = replace(fake.address, virtual_host="my/host", client_properties={"mine": 1})
        connection = await connect(address)
        [start] = fake.all(spec.Connection.StartOk)
        properties, mechanism, _, _ = read_arguments("FsSs", start.payload)
        assert mechanism == "PLAIN"
        assert properties["mine"] == 1
        assert properties["capabilities"]["connection.blocked"] is True
        [tune] = fake.all(spec.Connection.TuneOk)
        assert read_arguments("BlB", tune.payload) == [2047, 8192, 20]
        [opening] = fake.all(spec.Connection.Open)
        assert read_arguments("ssb", opening.payload)[0] == "my/host"
        assert connection.frame_max == 8192
        await connection.close(within_s=1)
        assert connection.closed.is_set()
        await connection.close(within_s=1)


async def test_refused_logins() -> None:
    async with fake_rabbit() as fake:
        fake.login_refusal = "ACCESS_REFUSED"
        with pytest.raises(AmqpRefused, match="403 ACCESS_REFUSED"):
            await connect(fake.address)
        external = replace(fake.address, authentication=(sasl.EXTERNAL(),))
        with pytest.raises(AmqpRefused, match="lets in by PLAIN, AMQPLAIN"):
            await connect(external)
        fake.mechanisms = "AMQPLAIN"
        fake.login_refusal = ""
        amqplain = replace(fake.address, authentication=(sasl.AMQPLAIN("me", "secret"),))
        await (await connect(amqplain)).close(within_s=1)


async def test_servers_that_are_no_rabbitmq() -> None:
    async with fake_rabbit() as fake:
        fake.greets = False
        silent = replace(fake.address, connect_timeout_s=0.2)
        with pytest.raises(TimeoutError):
            await connect(silent)
        for data, error, why in (
            (b"AMQP\x00\x00\x08\x00", AmqpRefused, "another version"),
            (b"HTTP/1.1 400 Bad Request\r\n\r\n" + bytes(5000), AmqpConnectionLost, "AMQP 0-9-1"),
        ):
            opening = asyncio.ensure_future(connect(fake.address))
            peers = len(fake.peers)
            await until(lambda: len(fake.peers) > peers)  # noqa: B023 - awaited here
            fake.peers[-1].raw(data)
            with pytest.raises(error, match=why):
                await opening
    with pytest.raises(OSError, match="Connect call failed"):
        await connect(fake.address)


async def test_cut_off() -> None:
    async with fake_rabbit() as fake:
        connection = await connect(fake.address)
        channel = await connection.channel()
        batch = channel.publish(["id"], b"")
        fake.peers[0].cut()
        with pytest.raises(AmqpConnectionLost):
            await batch.settled
        assert connection.closed.is_set()
        with pytest.raises(AmqpConnectionLost):
            await connection.channel()
        await connection.writable()


async def test_told_to_go() -> None:
    async with fake_rabbit() as fake:
        connection = await connect(fake.address)
        fake.peers[0].send(0, spec.Connection.Close, "BsBB", 320, "CONNECTION_FORCED", 0, 0)
        await connection.closed.wait()
        await fake.until(spec.Connection.CloseOk)
        with pytest.raises(AmqpConnectionLost, match="320 CONNECTION_FORCED"):
            await connection.channel()


async def test_blocked_and_unblocked() -> None:
    async with fake_rabbit() as fake:
        connection = await connect(fake.address)
        fake.peers[0].send(0, spec.Connection.Blocked, "s", "low on memory")
        await until(lambda: connection.blocked is not None)
        assert connection.blocked == "low on memory"
        waiting = asyncio.ensure_future(connection.writable())
        connection.pause_writing()
        fake.peers[0].send(0, spec.Connection.Unblocked)
        await until(lambda: connection.blocked is None)
        assert not waiting.done()
        connection.resume_writing()
        await waiting
        await connection.close(within_s=1)


async def test_close_does_not_wait_for_a_silent_broker() -> None:
    async with fake_rabbit() as fake:
        fake.silent.add(spec.Connection.Close)
        connection = await connect(fake.address)
        begun = time.monotonic()
        await connection.close(within_s=0.1)
        assert time.monotonic() - begun < 1
        assert connection.closed.is_set()


async def test_channels_that_ended_make_room() -> None:
    async with fake_rabbit() as fake:
        connection = await connect(fake.address)
        first, second = await connection.channel(), await connection.channel()
        assert (first.number, second.number) == (1, 2)
        await second.close()
        assert (await connection.channel()).number == 2
        fake.refusals[spec.Queue.Declare] = (406, "no")
        await asyncio.wait([first.call(spec.Queue.Declare)])
        assert first.closed is not None
        await connection.close(within_s=1)


async def test_large_messages_are_cut_to_the_agreed_size() -> None:
    async with fake_rabbit() as fake:
        fake.frame_max = 4096
        connection = await connect(fake.address)
        channel = await connection.channel()
        await channel.confirm()
        body = b"x" * 100_000
        message = AmqpMessage("", "q", encoded_properties({}), body)
        await channel.publish([""], message.frames(channel.number, connection.frame_max)).settled
        assert fake.published[0].body == body
        await connection.close(within_s=1)


class Clocked(AmqpConnection):
    """A connection whose time the test sets."""

    def __init__(self, fake: FakeRabbit | None = None) -> None:
        super().__init__(AmqpAddress())
        self.now_s = 0.0
        self.later: list[tuple[Any, ...]] = []
        self.written = b""
        loop: Any = type("Loop", (), {})()
        loop.time = lambda: self.now_s
        loop.call_at = lambda due_s, callback, *args: self.later.append((due_s, callback, args))
        self._loop = loop

    def write(self, data: bytes) -> None:
        self.written += data
        self._wrote_s = self.now_s

    def tick(self, *, late_s: float = 0.0) -> None:
        due_s, callback, args = self.later.pop()
        self.now_s = due_s + late_s
        callback(*args)


async def test_heartbeats_are_sent_and_missed() -> None:
    connection = Clocked()
    connection._beat_later(10)
    connection.tick()
    assert len(connection.written) == 8
    for _ in range(3):
        connection.tick()
        assert not connection.closed.is_set()
    connection.tick()
    assert connection.closed.is_set()


async def test_busy_loop_is_not_a_dead_broker() -> None:
    connection = Clocked()
    connection._beat_later(10)
    connection.tick(late_s=60)
    assert not connection.closed.is_set()
    connection._heard_s = connection.now_s
    connection.tick()
    assert not connection.closed.is_set()
