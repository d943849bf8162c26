import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest
from amqp.serialization import dumps
from anyio.abc import SocketAttribute, SocketStream

from orchestrator.environment.amqp_greeting import Greeting, greeting
from orchestrator.environment.ports import HOST, free_ports


def start_frame(properties: dict[str, str]) -> bytes:
    arguments: bytes = dumps("ooFSS", (0, 9, properties, "PLAIN", "en_US"))
    payload = struct.pack(">HH", 10, 10) + arguments
    return struct.pack(">BHL", 1, 0, len(payload)) + payload + b"\xce"


@asynccontextmanager
async def answering(*pieces: bytes) -> AsyncIterator[int]:
    """A port that answers the first words with these bytes, and then hangs up."""

    async def answer(stream: SocketStream) -> None:
        async with stream:
            assert await stream.receive() == b"AMQP\x00\x00\x09\x01"
            for piece in pieces:
                await stream.send(piece)

    listener = await anyio.create_tcp_listener(local_host=HOST)
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, answer)
        yield listener.extra(SocketAttribute.local_port)
        tasks.cancel_scope.cancel()


WHOLE = start_frame(
    {"product": "RabbitMQ", "version": "3.10.8", "cluster_name": "orchestrator5@h.example"}
)


@pytest.mark.parametrize("cut", [len(WHOLE), 3, 40])
async def test_a_broker_is_known_by_its_first_frame(cut: int) -> None:
    async with answering(WHOLE[:cut], WHOLE[cut:] or b"\xce") as port:
        said = await greeting(HOST, port, timeout_s=5)
    assert said == Greeting("RabbitMQ", "3.10.8", "orchestrator5@h.example")
    assert said.node_name == "orchestrator5"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"AMQP\x00\x00\x09\x01",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        WHOLE[:20],
        struct.pack(">BHL", 1, 0, 6) + b"\x00\x0a\x00\x0a\x00\x09",
    ],
)
async def test_what_is_no_broker_is_none(answer: bytes) -> None:
    async with answering(answer) as port:
        assert await greeting(HOST, port, timeout_s=5) is None


async def test_nobody_is_none() -> None:
    assert await greeting(HOST, free_ports(1)[0], timeout_s=5) is None
