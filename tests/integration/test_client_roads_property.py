"""Both roads of the client and stock `apply_async` give the same messages, but for ids and times.

Hypothesis makes canvases, arguments and options; each goes three ways into a real Redis, is read
with LRANGE, and compared as text, byte for byte.
"""

import asyncio
import base64
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from celery import Celery, chain, chord, group
from celery.canvas import Signature
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kombu import compression, entity, serialization

from orchestrator import Client
from tests.integration.redis_fixture import RedisServer, let_go_of_results, running_redis
from tests.unit.client.recording_app import recording_app

Exchange: Any = entity.Exchange  # kombu is typed only in part
Queue: Any = entity.Queue
decompress: Any = compression.decompress
unpickle: Any = serialization.pickle_loads

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:\+00:00|Z)?")

SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "routed": {
        "task_routes": {"add": {"queue": "other", "priority": 3}, "tot*": "third"},
        "task_default_queue": "all",
    },
    "topical": {"task_queues": [Queue("news", Exchange("news", "topic"), "n.#")],
                "task_default_queue": "news", "task_default_routing_key": "n.x"},
    "pickle": {"task_serializer": "pickle", "accept_content": ["pickle", "json"]},
    "yaml": {"task_serializer": "yaml", "accept_content": ["yaml", "json"]},
    "compressed": {"task_compression": "zlib"},
    "prefixes and priorities": {
        "broker_transport_options": {
            "global_keyprefix": "mine:",
            "priority_steps": [0, 5],
            "sep": ":",
        },
        "result_backend_transport_options": {"global_keyprefix": "results"},
        "task_default_priority": 6,
    },
    "limits": {
        "task_time_limit": 30,
        "task_soft_time_limit": 20,
        "task_default_delivery_mode": "transient",
        "task_ignore_result": True,
        "result_expires": 77,
    },
    "events": {"task_send_sent_event": True},
    "protocol 1": {"task_protocol": 1},
    "short texts": {"task_repr_maxlevels": 1},
}  # fmt: skip


@dataclass(frozen=True)
class World:
    server: RedisServer
    apps: Mapping[str, Celery]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    directory: Path = tmp_path_factory.mktemp("roads")
    with running_redis(directory) as server:
        urls = {"broker_url": server.url(0), "result_backend": server.url(1)}
        apps = {name: recording_app(**urls, **chosen) for name, chosen in SETTINGS.items()}
        for app in apps.values():
            with app.connection_for_write() as connection:
                for queue in app.amqp.queues.values():  # as a worker does
                    queue(connection.default_channel).declare()
        yield World(server, apps)
        for app in apps.values():
            app.pool.force_close_all()
            if hasattr(app.backend, "result_consumer"):
                let_go_of_results(app)


# ---- what is sent --------------------------------------------------------------------------------

TEXT = st.text(max_size=20) | st.sampled_from(
    ["it's", 'say "x"', "back\\slash", "ü", "\u2028", "\x7f", "None"]
)
NUMBER = st.integers() | st.floats(allow_nan=False) | st.integers(-(10**400), 10**400)
PLAIN = NUMBER | st.booleans() | st.none() | TEXT
VALUE = PLAIN | st.lists(PLAIN, max_size=3) | st.dictionaries(TEXT, PLAIN, max_size=2)
LONG = st.builds(lambda text, times: text * times, TEXT, st.integers(50, 200))
ARGUMENTS = st.one_of(
    st.tuples(st.integers(), st.integers()),
    st.tuples(NUMBER),
    st.tuples(PLAIN, PLAIN),
    st.tuples(VALUE, VALUE),
    st.tuples(st.lists(st.integers(), min_size=200, max_size=400), LONG),
)
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "queue": st.sampled_from(["celery", "other"]),
        "priority": st.sampled_from([0, 3, 9, True]),
        "time_limit": st.integers(1, 100),
        "soft_time_limit": st.just(1),
        "ignore_result": st.booleans(),
        "shadow": st.just("shady"),
        "serializer": st.sampled_from(["json", "pickle", "yaml"]),
        "retry": st.booleans(),
        "routing_key": st.just("n.y"),
        "delivery_mode": st.sampled_from([1, 2]),
    },
)
UNUSUAL_OPTIONS = st.sampled_from([
    {"countdown": 60}, {"expires": 60}, {"compression": "zlib"}, {"headers": {"mine": 1}},
    {"task_id": "6ba7b810-9dad-41d1-80b4-00c04fd430c8"}, {"argsrepr": "***"},
    {"reply_to": "somewhere"}, {"retry_policy": {"max_retries": 1}}, {"group_id": "theirs"},
])  # fmt: skip


@dataclass(frozen=True)
class Spec:
    """A task of a canvas. ``keyword``: its second argument is given by name."""

    args: tuple[Any, ...]
    keyword: bool
    options: Mapping[str, Any]

    def signature(self, app: Celery) -> Signature:
        args: tuple[Any, ...] = self.args
        kwargs: dict[str, Any] = {}
        if self.keyword and len(args) == 2:
            first, second = args
            args, kwargs = (first,), {"y": second}
        return app.tasks["add"].signature(args, kwargs, **self.options)


SPEC = st.builds(Spec, ARGUMENTS, st.booleans(), st.just({}) | OPTIONS)
FLAT = st.lists(SPEC, min_size=1, max_size=6) | st.builds(
    lambda spec, n: [spec] * n, SPEC, st.integers(1, 9)
)
KINDS = st.sampled_from(
    ["task", "group", "group", "generator", "chord", "chord", "chain", "nested"]
)


@dataclass(frozen=True)
class Canvas:
    kind: str
    specs: list[Spec]
    unusual: Mapping[str, Any] | None

    def make(self, app: Celery) -> Any:
        tasks = [spec.signature(app) for spec in self.specs]
        if self.unusual is not None:
            tasks[-1].set(**self.unusual)
        total = app.tasks["total"].s()
        if self.kind == "task":
            return tasks[0]
        if self.kind == "group":
            return group(tasks, app=app)
        if self.kind == "generator":
            return group((task for task in tasks), app=app)
        if self.kind == "chord":
            return chord(tasks, total, app=app)
        if self.kind == "chain":
            return chain(*tasks, app=app)
        return group([group(tasks, app=app), chain(*tasks, app=app)], app=app)


CANVAS = st.builds(Canvas, KINDS, FLAT, st.none() | st.none() | UNUSUAL_OPTIONS)


# ---- the property --------------------------------------------------------------------------------


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(name=st.sampled_from(sorted(SETTINGS)), canvas=CANVAS)
def test_three_ways_the_same_messages(world: World, name: str, canvas: Canvas) -> None:
    app = world.apps[name]
    stock = _outcome(world, lambda: canvas.make(app).apply_async())
    fast = _outcome(world, lambda: asyncio.run(_submit(app, canvas.make(app))))
    general = _outcome(world, lambda: asyncio.run(_submit(app, canvas.make(app), general=True)))
    assert general == stock
    assert fast == stock


async def _submit(app: Celery, signature: Any, *, general: bool = False) -> None:
    async with Client(app) as client:
        if general:
            session: Any = client._session
            session._fast = None
        (await client.submit(signature)).forget()


def _outcome(world: World, send: Any) -> Any:
    """What stands in Redis afterwards, or what was raised and that nothing stands there."""
    for db in (0, 1):
        with world.server.client(db) as redis:
            for key in redis.scan_iter():
                if b"_kombu.binding" not in key:
                    redis.delete(key)
    try:
        send()
    except Exception as exc:  # whatever it is: it must be the same on all roads
        return type(exc).__name__, str(exc)
    return _stored(world.server)


def _stored(server: RedisServer) -> Any:
    names: dict[str, str] = {}

    def plain(text: str) -> str:
        text = TIME.sub("<time>", text)
        return UUID.sub(lambda match: names.setdefault(match[0], f"<id {len(names)}>"), text)

    with server.client(0) as redis:
        queues = {
            key.decode(): [plain(_text(raw)) for raw in reversed(redis.lrange(key, 0, -1))]
            for key in sorted(redis.scan_iter())
            if redis.type(key) == b"list"
        }
    with server.client(1) as redis:
        values = sorted(
            (plain(key.decode()), plain(redis.get(key).decode()), redis.ttl(key) > 0)
            for key in redis.scan_iter()
        )
    return queues, values


def _text(raw: bytes) -> str:
    """The message as it is, with its body readable."""
    message = json.loads(raw)
    body = base64.b64decode(message["body"])
    if (method := message["headers"].get("compression")) is not None:
        body = decompress(body, method)
    if message["content-type"] == "application/x-python-serialize":
        readable = repr(unpickle(body))
    else:
        readable = body.decode()
    return raw.decode().replace(message["body"], readable)


# ---- the test is worth something -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *product(["plain", "routed", "pickle", "limits"], ["task", "group", "generator", "chord"]),
        ("yaml", "group"),  # YAML cannot carry a signature, and so no chord
    ],
)
def test_plain_canvases_take_the_fast_road(world: World, name: str, kind: str) -> None:
    app = world.apps[name]
    canvas = Canvas(kind, [Spec((1, 2), False, {}), Spec((1.5, "x"), True, {"priority": 2})], None)

    async def taken() -> Any:
        async with Client(app) as client:
            session: Any = client._session
            return await session._fast.take(canvas.make(app))

    assert asyncio.run(taken()) is not None


def test_not_a_number_differs_from_itself_and_is_sent_alike(world: World) -> None:
    app = world.apps["plain"]
    canvas = Canvas(
        "group",
        [Spec((math.nan, math.inf), False, {}), Spec((date(2026, 1, 2), b"x"), True, {})],
        None,
    )
    stock = _outcome(world, lambda: canvas.make(app).apply_async())
    assert _outcome(world, lambda: asyncio.run(_submit(app, canvas.make(app)))) == stock
