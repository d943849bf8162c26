import asyncio
from dataclasses import replace
from typing import Any

import hiredis
import pytest

from orchestrator.client.resp import ConnectionLost, ReplyRefused, _open, connect, pack_push
from tests.unit.client.fake_redis import array, bulk, fake_redis, integer


async def test_replies_come_to_those_who_asked() -> None:
    async with fake_redis() as fake:
        fake.answers["ECHO"] = lambda arguments: bulk(arguments[0])
        connection = await connect(fake.address)
        first = connection.send_commands([("ECHO", "a"), ("ECHO", b"b"), ("ECHO", 3)])
        second = connection.send_commands([("ECHO", 1.5)])
        assert await second == [b"1.5"]
        assert await first == [b"a", b"b", b"3"]
        assert await connection.send_commands([]) == []
        await connection.close(within_s=1)
        assert connection.closed.is_set()


async def test_what_one_pass_of_the_loop_sends_is_one_write() -> None:
    async with fake_redis() as fake:
        connection = await connect(fake.address)
        written: list[bytes] = []
        transport: Any = connection._transport
        write = transport.write

        def noting(data: bytes) -> None:
            written.append(data)
            write(data)

        transport.write = noting
        futures = [connection.send_commands([("ECHO", str(i))]) for i in range(10)]
        await asyncio.gather(*futures)
        assert len(written) == 1
        await connection.close(within_s=1)


async def test_login() -> None:
    async with fake_redis() as fake:
        address = replace(fake.address, username="me", password="hush", db=5, client_name="lab")
        connection = await connect(address)
        assert fake.commands == [
            [b"AUTH", b"me", b"hush"],
            [b"SELECT", b"5"],
            [b"CLIENT", b"SETNAME", b"lab"],
            [b"PING"],
        ]
        await connection.close(within_s=1)


async def test_server_that_still_loads_is_not_there_yet() -> None:
    """It accepts AUTH, SELECT and SUBSCRIBE, and refuses what we come for."""
    async with fake_redis() as fake:
        fake.answers["PING"] = b"-LOADING Redis is loading the dataset in memory\r\n"
        with pytest.raises(ReplyRefused, match="LOADING"):
            await connect(fake.address)


@pytest.mark.parametrize("command", ["CLIENT", "PING"])
async def test_user_who_may_do_little_is_welcome(command: str) -> None:
    async with fake_redis() as fake:
        fake.answers[command] = b"-NOPERM no\r\n"
        connection = await connect(fake.address)
        await connection.close(within_s=1)


async def test_refused_login() -> None:
    async with fake_redis() as fake:
        fake.answers["SELECT"] = b"-NOAUTH Authentication required.\r\n"
        with pytest.raises(ReplyRefused, match="NOAUTH"):
            await connect(fake.address)


async def test_name_that_may_not_be_set_does_no_harm() -> None:
    async with fake_redis() as fake:
        fake.answers["CLIENT"] = b"-NOPERM no\r\n"
        connection = await connect(fake.address)
        await connection.close(within_s=1)


async def test_server_that_says_nothing() -> None:
    async with fake_redis() as fake:
        fake.answers["SELECT"] = None
        with pytest.raises(TimeoutError):
            await connect(replace(fake.address, connect_timeout_s=0.05))


async def test_error_replies() -> None:
    async with fake_redis() as fake:
        fake.answers["GET"] = b"-WRONGTYPE no\r\n"
        connection = await connect(fake.address)
        with pytest.raises(ReplyRefused, match="WRONGTYPE"):
            await connection.execute("GET", "x")
        replies = await connection.send_commands([("GET", "x"), ("SET", "x", 1)])
        assert str(replies[0]) == "WRONGTYPE no"
        assert replies[1] == b"OK"
        await connection.close(within_s=1)


async def test_pushes_are_told_from_replies() -> None:
    async with fake_redis() as fake:
        pushes: list[Any] = []
        connection = await connect(fake.address, on_push=pushes.append)
        confirmed = await connection.execute("SUBSCRIBE", "c")
        assert confirmed == [b"subscribe", b"c", 1]
        await fake.push(b"message", b"c", b"payload")
        assert await connection.execute("PING") == [b"pong", b""]
        assert pushes == [[b"message", b"c", b"payload"]]
        await connection.close(within_s=1)


async def test_lost_before_and_after_writing() -> None:
    async with fake_redis() as fake:
        fake.answers["WAIT"] = None
        connection = await connect(fake.address)
        written = connection.send_commands([("WAIT",)])
        await fake.until("WAIT")
        fake.cut()
        with pytest.raises(ConnectionLost) as error:
            await written
        assert error.value.written
        await connection.closed.wait()
        with pytest.raises(ConnectionLost) as error:
            await connection.send_commands([("WAIT",)])
        assert not error.value.written


async def test_not_written_yet_when_it_was_lost() -> None:
    async with fake_redis() as fake:
        connection = await connect(fake.address)
        unwritten = connection.send_commands([("SET", "x", 1)])
        connection.abort("cut")
        with pytest.raises(ConnectionLost, match="cut") as error:
            await unwritten
        assert not error.value.written


async def test_half_of_the_replies_are_no_replies() -> None:
    async with fake_redis() as fake:
        fake.answers["WAIT"] = None
        connection = await connect(fake.address)
        future = connection.send_commands([("SET", "x", 1), ("WAIT",)])
        await fake.until("WAIT")
        assert not future.done()
        fake.cut()
        with pytest.raises(ConnectionLost):
            await future


async def test_nonsense_ends_the_connection() -> None:
    async with fake_redis() as fake:
        fake.answers["GET"] = b"?what\r\n"
        connection = await connect(fake.address)
        with pytest.raises(ConnectionLost, match="not RESP"):
            await connection.execute("GET", "x")
        assert connection.closed.is_set()


async def test_reply_for_one_who_gave_up_is_dropped() -> None:
    async with fake_redis() as fake:
        fake.answers["GET"] = array(integer(1))
        connection = await connect(fake.address)
        given_up = connection.send_commands([("GET", "x")])
        given_up.cancel()
        assert await connection.execute("SET", "x", 1) == b"OK"
        await connection.close(within_s=1)


async def test_close_of_a_full_connection_is_bounded() -> None:
    async with fake_redis() as fake:
        stuck = asyncio.Event()

        async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            fake.connections.append(writer)
            await stuck.wait()

        fake.serve = never  # type: ignore[method-assign]
        connection = await _open(fake.address, None)
        sent = connection.send(b"x" * 20_000_000, 1)
        async with asyncio.timeout(2):
            await connection.close(within_s=0.05)
        with pytest.raises(ConnectionLost):
            await sent
        stuck.set()


@pytest.mark.parametrize("values", [[b"one"], [b"", b"x" * 1000, "ü".encode()]])
def test_push_is_packed_like_any_command(values: list[bytes]) -> None:
    command: Any = ("LPUSH", "käy", *values)
    assert pack_push("käy", values) == hiredis.pack_command(command)
    assert pack_push("käy".encode(), values) == hiredis.pack_command(command)


async def test_flush_waits_while_the_server_takes_no_more() -> None:
    async with fake_redis() as fake:
        connection = await connect(fake.address)
        await connection.flush()
        connection.pause_writing()
        flushing = asyncio.create_task(connection.flush())
        for _ in range(5):
            await asyncio.sleep(0)
        assert not flushing.done()
        connection.resume_writing()
        await flushing
        connection.pause_writing()
        flushing = asyncio.create_task(connection.flush())
        await asyncio.sleep(0)
        connection.abort("gone")
        await flushing
