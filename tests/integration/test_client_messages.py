"""What the client sends is what stock `apply_async` sends, but for ids and times."""

import base64
import json
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from celery import chain, chord, group

from orchestrator import Client
from tests.integration.client_canvases import CANVASES
from tests.integration.redis_fixture import Lab, lab

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:\+00:00|Z)?")

SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "prefixes": {
        "broker_transport_options": {"global_keyprefix": "mine:"},
        "result_backend_transport_options": {"global_keyprefix": "results"},
    },
    "compressed, with priorities": {
        "task_compression": "zlib",
        "task_default_priority": 4,
        "broker_transport_options": {"priority_steps": list(range(10)), "sep": ":"},
        "result_backend_transport_options": {"result_chord_ordered": False},
        "result_expires": 77,
    },
    "routed": {
        "task_routes": {"client_app.add": {"queue": "other", "priority": 3}, "*.total": "topical"},
        "task_default_queue": "all",
        "task_create_missing_queues": True,
    },
}


@pytest.fixture(scope="module", params=SETTINGS)
def laboratory(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lab]:
    settings = SETTINGS[request.param]
    with lab(tmp_path_factory.mktemp("messages"), settings, worker=False) as made:
        with made.app.connection_for_write() as connection:
            for queue in made.app.amqp.queues.values():  # as a worker does
                queue(connection.default_channel).declare()
        yield made


@pytest.fixture
async def client(laboratory: Lab) -> AsyncIterator[Client]:
    async with Client(laboratory.app) as opened:
        yield opened


@pytest.mark.parametrize("name", CANVASES)
async def test_same_as_stock(laboratory: Lab, client: Client, name: str) -> None:
    make, _ = CANVASES[name]
    tasks = laboratory.module
    make(tasks)  # what the first use of a task makes, it makes before the comparison
    _wipe(laboratory)
    _as_signature(laboratory, make(tasks)).apply_async()
    stock = _stored(laboratory)
    _wipe(laboratory)
    await client.submit(make(tasks))
    assert _stored(laboratory) == stock


async def test_options_and_stamps(laboratory: Lab, client: Client) -> None:
    def make() -> Any:
        signature = laboratory.module.add.s(1, 2).set(
            expires=60,
            countdown=5,
            time_limit=3,
            soft_time_limit=2,
            headers={"mine": 1},
            shadow="other",
            serializer="json",
            retry=True,
            retry_policy={"max_retries": 1},
        )
        signature.stamp(colour="red")
        return group(signature, laboratory.module.add.s(3, 4))

    _wipe(laboratory)
    make().apply_async()
    stock = _stored(laboratory)
    _wipe(laboratory)
    await client.submit(make())
    assert _stored(laboratory) == stock


async def test_bindings_are_those_of_stock(laboratory: Lab) -> None:
    signatures = [
        laboratory.module.add.s(1, 2).set(queue=queue)
        for queue in ("celery", "other", "topical", "straight", "made-up")
    ]
    _wipe(laboratory, bindings=True)
    with laboratory.app.connection_for_write() as connection:  # that has declared nothing yet
        producer = laboratory.app.amqp.Producer(connection, auto_declare=False)
        for signature in signatures:
            signature.apply_async(producer=producer)
    stock = _bindings(laboratory)
    _wipe(laboratory, bindings=True)
    async with Client(laboratory.app) as client:
        for signature in signatures:
            await client.submit(signature)
    assert _bindings(laboratory) == stock
    assert stock


@pytest.mark.parametrize("kind", ["group", "chord"])
async def test_a_generators_members_are_sent_as_those_of_a_list(
    laboratory: Lab, client: Client, kind: str
) -> None:
    def canvas(members: Any) -> Any:
        return group(members) if kind == "group" else chord(members, laboratory.module.total.s())

    _wipe(laboratory)
    await client.submit(canvas(list(many(laboratory.module))))
    listed = _stored(laboratory)
    _wipe(laboratory)
    await client.submit(canvas(many(laboratory.module)))
    assert _stored(laboratory) == listed


async def test_a_generator_is_published_as_it_is_produced(laboratory: Lab, client: Client) -> None:
    received: list[int] = []

    def members() -> Iterator[Any]:
        with laboratory.redis.client() as redis:
            for number in range(2000):
                received.append(sum(redis.llen(key) for key in redis.scan_iter(_type="list")))
                yield laboratory.module.add.s(number, number)

    _wipe(laboratory)
    await client.submit(chord(members(), laboratory.module.total.s()))
    assert received[0] == 0
    assert received[1999] >= 512
    with laboratory.redis.client() as redis:
        assert sum(redis.llen(key) for key in redis.scan_iter(_type="list")) == 2000


def many(module: Any) -> Iterator[Any]:
    """More than one page, of several kinds; among them one that no template fits."""
    for number in range(1200):
        yield module.add.s(number, number)
        if number == 700:
            yield chain(module.add.s(1, 2), module.add.s(3))
            yield module.identity.s("x").set(countdown=5)


def _as_signature(laboratory: Lab, made: Any) -> Any:
    if isinstance(made, dict) and not hasattr(made, "apply_async"):
        return laboratory.app.signature(made)
    made._app = made._app or laboratory.app
    return made


def _wipe(laboratory: Lab, *, bindings: bool = False) -> None:
    """Empty queues and results; bindings stay, as in a running system, if not told otherwise."""
    for db in (0, 1):
        with laboratory.redis.client(db) as redis:
            for key in redis.scan_iter():
                if bindings or b"_kombu.binding" not in key:
                    redis.delete(key)


def _bindings(laboratory: Lab) -> dict[bytes, Any]:
    with laboratory.redis.client() as redis:
        keys = [key for key in redis.scan_iter() if b"_kombu.binding" in key]
        return {key: redis.smembers(key) for key in keys}


def _stored(laboratory: Lab) -> Any:
    """Queues and backend keys, readable; ids and times replaced by what they have in common."""
    names: dict[str, str] = {}

    def plain(text: str) -> str:
        text = TIME.sub("<time>", text)
        return UUID.sub(lambda match: names.setdefault(match[0], f"<id {len(names)}>"), text)

    with laboratory.redis.client(0) as redis:
        queues = {
            key.decode(): [plain(_message(raw)) for raw in reversed(redis.lrange(key, 0, -1))]
            for key in sorted(redis.scan_iter())
            if redis.type(key) == b"list"
        }
    with laboratory.redis.client(1) as redis:
        values = sorted(
            (plain(key.decode()), plain(redis.get(key).decode()), redis.ttl(key) > 0)
            for key in redis.scan_iter()
        )
    return queues, values


def _message(raw: bytes) -> str:
    message = json.loads(raw)
    message["properties"].pop("delivery_tag")
    body = base64.b64decode(message["body"])
    if "compression" not in message["headers"]:
        message["body"] = json.loads(body)
    else:
        import zlib

        message["body"] = json.loads(zlib.decompress(body))
    return json.dumps(message, sort_keys=True)
