"""A sender on a fake RabbitMQ, with an app whose canvases are captured."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from celery import Celery

from orchestrator.client.amqp_link import AmqpLink
from orchestrator.client.amqp_recording import RecordingAmqpBroker
from orchestrator.client.amqp_sender import AmqpSender
from orchestrator.client.capture import Captured, Capturer
from orchestrator.client.ids import IdSource
from orchestrator.client.recording_backend import real_backend
from tests.unit.client.fake_rabbit import FakeRabbit, fake_rabbit
from tests.unit.client.recording_app import recording_app


class RabbitRecorder:
    """An app on RabbitMQ and the capturer of its canvases."""

    def __init__(self, url: str = "amqp://127.0.0.1:1//", **settings: Any) -> None:
        self.app: Celery = recording_app(broker_url=url, **settings)
        self.broker = RecordingAmqpBroker(self.app)
        self.ids = IdSource()
        backend = real_backend(self.app, rpc=True)
        self.capturer = Capturer(self.app, self.broker, backend, self.ids)

    def task(self, name: str, *args: Any, **options: Any) -> Any:
        return self.app.tasks[name].s(*args).set(**options)

    def capture(self, signature: Any) -> Captured:
        return self.capturer.capture(signature)


@dataclass
class RabbitBench:
    fake: FakeRabbit
    recorder: RabbitRecorder
    link: AmqpLink
    sender: AmqpSender

    async def send(self, *signatures: Any) -> None:
        await self.sender.send([self.recorder.capture(signature) for signature in signatures])

    def add(self, x: int = 1, **options: Any) -> Any:
        return self.recorder.task("add", x, **options)


@asynccontextmanager
async def rabbit_bench(**settings: Any) -> AsyncIterator[RabbitBench]:
    async with fake_rabbit() as fake:
        recorder = RabbitRecorder(fake.url, **settings)
        link = AmqpLink(recorder.broker.endpoints)
        sender = AmqpSender(recorder.broker, link, None)
        await sender.ready()
        yield RabbitBench(fake, recorder, link, sender)
        await link.close(within_s=1)
