"""A RabbitMQ of a few lines: it does what the test tells it to, and remembers what it was told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from amqp import spec

from orchestrator.client.amqp_address import AmqpAddress
from orchestrator.client.amqp_frames import Content, FrameReader
from orchestrator.client.amqp_wire import (
    arguments,
    content_frames,
    encoded_properties,
    method_frame,
)

Signature = tuple[int, int]

ANSWERS: dict[Signature, tuple[Signature, bytes]] = {
    spec.Channel.Open: (spec.Channel.OpenOk, arguments("S", "")),
    spec.Channel.Close: (spec.Channel.CloseOk, b""),
    spec.Confirm.Select: (spec.Confirm.SelectOk, b""),
    spec.Exchange.Declare: (spec.Exchange.DeclareOk, b""),
    spec.Queue.Declare: (spec.Queue.DeclareOk, arguments("sll", "q", 0, 0)),
    spec.Queue.Bind: (spec.Queue.BindOk, b""),
    spec.Queue.Delete: (spec.Queue.DeleteOk, arguments("l", 0)),
    spec.Basic.Consume: (spec.Basic.ConsumeOk, arguments("s", "tag")),
}


@dataclass
class Got:
    """A method that came in."""

    channel: int
    signature: Signature
    payload: bytes
    body: bytes = b""
    properties: dict[str, Any] = field(default_factory=dict)


class Peer:
    """One connection of a client."""

    def __init__(self, fake: "FakeRabbit", writer: asyncio.StreamWriter) -> None:
        self._fake = fake
        self._writer = writer
        self._published: dict[int, int] = {}
        self.reader = FrameReader(self.on_method, self.on_content)

    def send(self, channel: int, signature: Signature, layout: str = "", *values: Any) -> None:
        payload = arguments(layout, *values) if layout else b""
        self._writer.write(method_frame(channel, signature, payload))

    def deliver(self, channel: int, body: bytes, **properties: Any) -> None:
        self.send(channel, spec.Basic.Deliver, "sLbss", "tag", 1, False, "", "q")
        self._writer.write(content_frames(channel, encoded_properties(properties), body, 131072))

    def give_back(self, channel: int, got: Got) -> None:
        self.send(channel, spec.Basic.Return, "Bsss", 312, "NO_ROUTE", "", "nowhere")
        properties = encoded_properties(got.properties)
        self._writer.write(content_frames(channel, properties, got.body, 131072))

    def close_channel(self, channel: int, code: int, text: str, of: Signature) -> None:
        self.send(channel, spec.Channel.Close, "BsBB", code, text, *of)

    def cut(self) -> None:
        self._writer.transport.abort()

    def raw(self, data: bytes) -> None:
        self._writer.write(data)

    def on_method(self, channel: int, signature: Signature, payload: bytes) -> None:
        self._fake.note(Got(channel, signature, payload))
        if signature == spec.Channel.Open:
            self._published.pop(channel, None)
        if channel == 0:
            self._on_connection_method(signature)
        elif signature in self._fake.refusals:
            code, text = self._fake.refusals[signature]
            self.close_channel(channel, code, text, signature)
        elif signature in ANSWERS and signature not in self._fake.silent:
            answer, encoded = ANSWERS[signature]
            self._writer.write(method_frame(channel, answer, encoded))

    def on_content(self, channel: int, content: Content) -> None:
        got = Got(channel, content.signature, content.arguments, content.body, content.properties())
        self._fake.note(got)
        number = self._published[channel] = self._published.get(channel, 0) + 1
        self._fake.on_publish(self, got, number)

    def _on_connection_method(self, signature: Signature) -> None:
        fake = self._fake
        if signature == spec.Connection.StartOk:
            if fake.login_refusal:
                self.send(0, spec.Connection.Close, "BsBB", 403, fake.login_refusal, 0, 0)
            else:
                self.send(0, spec.Connection.Tune, "BlB", 2047, fake.frame_max, fake.heartbeat_s)
        elif signature == spec.Connection.Open:
            self.send(0, spec.Connection.OpenOk, "s", "")
        elif signature == spec.Connection.Close and spec.Connection.Close not in fake.silent:
            self.send(0, spec.Connection.CloseOk)
            self._writer.close()


class FakeRabbit:
    """Confirms every message, and answers every method, unless it is told otherwise.

    ``refusals`` close the channel that asked; ``silent`` methods get no answer.
    """

    def __init__(self) -> None:
        self.peers: list[Peer] = []
        self.got: list[Got] = []
        self.refusals: dict[Signature, tuple[int, str]] = {}
        self.silent: set[Signature] = set()
        self.mechanisms = "PLAIN AMQPLAIN"
        self.login_refusal = ""
        self.greets = True
        self.frame_max = 131072
        self.heartbeat_s = 60
        self.port = 0
        self._told = asyncio.Condition()

    @property
    def address(self) -> AmqpAddress:
        return AmqpAddress(port=self.port, connect_timeout_s=1.0)

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    @property
    def published(self) -> list[Got]:
        return self.all(spec.Basic.Publish)

    def all(self, signature: Signature) -> list[Got]:
        return [got for got in self.got if got.signature == signature]

    def on_publish(self, peer: Peer, got: Got, number: int) -> None:
        """Replaced by tests that want something else than a confirmation."""
        peer.send(got.channel, spec.Basic.Ack, "Lb", number, False)

    def note(self, got: Got) -> None:
        self.got.append(got)

    async def until(self, signature: Signature, count: int = 1) -> None:
        """Wait until the method has come so many times."""
        async with asyncio.timeout(5), self._told:
            await self._told.wait_for(lambda: len(self.all(signature)) >= count)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(self, writer)
        self.peers.append(peer)
        try:
            await reader.readexactly(8)
            if self.greets:
                greeting = (0, 9, {"product": "fake"}, self.mechanisms, "en_US")
                peer.send(0, spec.Connection.Start, "ooFSS", *greeting)
            while data := await reader.read(65536):
                peer.reader.feed(data)
                async with self._told:
                    self._told.notify_all()
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()


@asynccontextmanager
async def fake_rabbit() -> AsyncIterator[FakeRabbit]:
    fake = FakeRabbit()
    server = await asyncio.start_server(fake.serve, "127.0.0.1", 0)
    fake.port = server.sockets[0].getsockname()[1]
    try:
        yield fake
    finally:
        server.close()
        for peer in fake.peers:
            peer.cut()
        await server.wait_closed()
