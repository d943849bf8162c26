"""A Redis of a few lines: it answers what the test tells it to, and remembers what it was asked."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import hiredis

from orchestrator.client.address import RedisAddress

Answer = bytes | Callable[[list[bytes]], bytes | None] | None
"""RESP bytes, a function of the command's arguments that gives them, or None: no answer at all."""

OK = b"+OK\r\n"
NIL = b"$-1\r\n"


def bulk(value: bytes) -> bytes:
    return b"$%d\r\n%s\r\n" % (len(value), value)


def array(*values: bytes) -> bytes:
    return b"*%d\r\n%s" % (len(values), b"".join(values))


def integer(value: int) -> bytes:
    return b":%d\r\n" % value


def subscribed(kind: bytes) -> Callable[[list[bytes]], bytes]:
    """One confirmation for each channel."""

    def answer(arguments: list[bytes]) -> bytes:
        channels = arguments or [b""]
        return b"".join(array(bulk(kind), bulk(channel), integer(1)) for channel in channels)

    return answer


class FakeRedis:
    """`answers` maps a command's name to its answer; OK is the answer to everything else."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {
            "PING": array(bulk(b"pong"), bulk(b"")),
            "PSUBSCRIBE": subscribed(b"psubscribe"),
            "SUBSCRIBE": subscribed(b"subscribe"),
            "PUNSUBSCRIBE": subscribed(b"punsubscribe"),
            "UNSUBSCRIBE": subscribed(b"unsubscribe"),
            "LPUSH": lambda arguments: integer(len(arguments) - 1),
            "MGET": lambda arguments: array(*[NIL] * len(arguments)),
        }
        self.commands: list[list[bytes]] = []
        self.asked = asyncio.Condition()
        self.connections: list[asyncio.StreamWriter] = []
        self.port = 0

    @property
    def address(self) -> RedisAddress:
        return RedisAddress(host="127.0.0.1", port=self.port, connect_timeout_s=1.0)

    def named(self, *names: str) -> list[list[bytes]]:
        """The commands with one of these names, in order."""
        wanted = {name.encode() for name in names}
        return [command for command in self.commands if command[0] in wanted]

    async def until(self, name: str, count: int = 1) -> None:
        """Wait until the command has come so many times."""
        async with asyncio.timeout(5), self.asked:
            await self.asked.wait_for(lambda: len(self.named(name)) >= count)

    async def push(self, *values: bytes) -> None:
        """Send a message to every subscriber."""
        for writer in self.connections:
            writer.write(array(*map(bulk, values)))
            await writer.drain()

    def cut(self) -> None:
        """Break every connection."""
        for writer in self.connections:
            writer.transport.abort()
        self.connections.clear()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.append(writer)
        parser = hiredis.Reader()
        try:
            while data := await reader.read(65536):
                parser.feed(data)
                while (command := parser.gets()) is not False:
                    await self._answer(command, writer)
        except ConnectionError:
            return
        finally:
            writer.close()

    async def _answer(self, command: Any, writer: asyncio.StreamWriter) -> None:
        self.commands.append(command)
        answer = self.answers.get(command[0].decode(), OK)
        if callable(answer):
            answer = answer(command[1:])
        if answer is not None:
            writer.write(answer)
            await writer.drain()
        async with self.asked:
            self.asked.notify_all()


@asynccontextmanager
async def fake_redis() -> AsyncIterator[FakeRedis]:
    fake = FakeRedis()
    server = await asyncio.start_server(lambda *ends: fake.serve(*ends), "127.0.0.1", 0)
    fake.port = server.sockets[0].getsockname()[1]
    try:
        yield fake
    finally:
        server.close()
        fake.cut()
        await server.wait_closed()
