"""What the client sends to RabbitMQ is what stock `apply_async` sends, but for ids and times."""

import json
import re
import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from celery import chord, group

from orchestrator import Client
from tests.integration.client_canvases import CANVASES
from tests.integration.rabbitmq_fixture import RabbitLab, rabbit_lab
from tests.integration.test_client_messages import many

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:\+00:00|Z)?")
QUEUES = ("celery", "other", "topical", "straight")

SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "compressed, transient, with priorities": {
        "task_compression": "zlib",
        "task_default_delivery_mode": "transient",
        "task_default_priority": 4,
        "task_queue_max_priority": 9,
    },
    "routed": {
        "task_routes": {"client_app.add": {"queue": "other", "priority": 3}, "*.total": "topical"},
    },
}


@pytest.fixture(scope="module", params=SETTINGS)
def laboratory(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RabbitLab]:
    directory = tmp_path_factory.mktemp("messages")
    # Stock must have its messages confirmed too, or they may still be on their way when we look.
    settings = {**SETTINGS[request.param], "broker_transport_options": {"confirm_publish": True}}
    with rabbit_lab(directory, settings, results="redis", worker=False) as made:
        with made.app.connection_for_write() as connection:
            for queue in made.app.amqp.queues.values():  # as a worker does
                queue(connection.default_channel).declare()
        yield made


@pytest.fixture
async def client(laboratory: RabbitLab) -> AsyncIterator[Client]:
    async with Client(laboratory.app) as opened:
        yield opened


@pytest.mark.parametrize("name", CANVASES)
async def test_same_as_stock(laboratory: RabbitLab, client: Client, name: str) -> None:
    make, _ = CANVASES[name]
    tasks = laboratory.module
    make(tasks)  # what the first use of a task makes, it makes before the comparison
    taken(laboratory)
    made = make(tasks)
    if not hasattr(made, "apply_async"):
        made = laboratory.app.signature(made)
    made._app = made._app or laboratory.app
    made.apply_async()
    stock = taken(laboratory)
    await client.submit(make(tasks))
    assert taken(laboratory) == stock


async def test_options_and_stamps(laboratory: RabbitLab, client: Client) -> None:
    def make() -> Any:
        signature = laboratory.module.add.s(1, 2).set(
            expires=60,
            countdown=5,
            time_limit=3,
            headers={"mine": 1, "large": 2**40, "ratio": 0.5, "deep": {"list": [1, None, "ä"]}},
            shadow="other",
            priority=7,
            delivery_mode=1,
            expiration=30,
            message_id="chosen",
            app_id="mine",
        )
        signature.stamp(colour="red")
        return group(signature, laboratory.module.add.s(3, 4))

    taken(laboratory)
    make().apply_async()
    stock = taken(laboratory)
    await client.submit(make())
    assert taken(laboratory) == stock


@pytest.mark.parametrize("kind", ["group", "chord"])
async def test_a_generators_members_are_sent_as_those_of_a_list(
    laboratory: RabbitLab, client: Client, kind: str
) -> None:
    def canvas(members: Any) -> Any:
        return group(members) if kind == "group" else chord(members, laboratory.module.total.s())

    taken(laboratory)
    await client.submit(canvas(list(many(laboratory.module))))
    listed = taken(laboratory)
    await client.submit(canvas(many(laboratory.module)))
    assert taken(laboratory) == listed


def taken(laboratory: RabbitLab) -> dict[str, list[str]]:
    """Take the messages out of the queues, readable; ids and times by what they have in common."""
    names: dict[str, str] = {}

    def plain(text: str) -> str:
        text = TIME.sub("<time>", text)
        return UUID.sub(lambda match: names.setdefault(match[0], f"<id {len(names)}>"), text)

    queues: dict[str, list[str]] = {}
    with laboratory.rabbit.channel() as channel:
        for queue in QUEUES:
            while (message := channel.basic_get(queue, no_ack=True)) is not None:
                queues.setdefault(queue, []).append(plain(readable(message)))
    return queues


def readable(message: Any) -> str:
    body = message.body
    headers = message.properties["application_headers"]
    if "compression" in headers:
        body = zlib.decompress(body if isinstance(body, bytes) else body.encode("latin-1"))
    info = {
        name: value
        for name, value in message.delivery_info.items()
        if name in ("exchange", "routing_key")
    }
    return json.dumps([info, message.properties, json.loads(body)], sort_keys=True)
