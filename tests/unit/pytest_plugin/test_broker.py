from collections.abc import Iterator
from typing import Any, cast

import pytest
import redis
from anyio.from_thread import BlockingPortal

from orchestrator.errors import EnvironmentNotReady, UsageError
from orchestrator.pytest_plugin.broker import DATABASES, LabBroker, Place
from tests.unit.client.recording_app import recording_app

PORTAL = cast("BlockingPortal", None)


class FakeServer:
    """What the plugin asks of a Redis."""

    def __init__(self, keys: list[bytes]) -> None:
        self.keys = keys
        self.flushed: list[str] = []
        self.url = ""

    def from_url(self, url: str) -> "FakeServer":
        self.url = url
        return self

    def __enter__(self) -> "FakeServer":
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    def flushdb(self) -> None:
        self.flushed.append(self.url)

    def scan_iter(self, match: str, count: int) -> Iterator[bytes]:
        yield from [key for key in self.keys if key.startswith(match[:-1].encode())]

    def unlink(self, *keys: bytes) -> None:
        self.keys = [key for key in self.keys if key not in keys]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> FakeServer:
    fake = FakeServer([b"celery"])
    monkeypatch.setattr(redis.Redis, "from_url", fake.from_url)
    return fake


def test_places_on_a_private_redis_are_emptied_databases(server: FakeServer) -> None:
    broker = LabBroker(PORTAL, "redis://:pw@127.0.0.1:7000/0", private=True)
    with broker.place() as first, broker.place() as second:
        assert [first.url[-2:], second.url[-2:]] == ["/0", "/1"]
        assert first.settings(recording_app(), {"task_acks_late": True}) == {"task_acks_late": True}
    with broker.place() as again:
        assert again == first
    assert server.flushed == [first.url, second.url, first.url]
    places = [broker.place() for _ in range(DATABASES)]
    for place in places:
        place.__enter__()
    with pytest.raises(EnvironmentNotReady, match="more than 16 laboratories"):
        broker.place().__enter__()


def test_places_on_the_redis_of_somebody_else_are_keys_that_are_removed(
    server: FakeServer,
) -> None:
    broker = LabBroker(PORTAL, "redis://127.0.0.1:6379/4", private=False)
    with broker.place() as place, broker.place() as other:
        assert place.url == broker.url
        assert place.prefix != other.prefix
        server.keys += [f"{place.prefix}celery".encode()] * 3
        server.keys += [f"{other.prefix}celery".encode()]
    assert server.keys == [b"celery"]
    assert server.flushed == []


def test_a_prefix_keeps_the_apps_own_transport_options() -> None:
    app = recording_app(broker_transport_options={"sep": ":", "global_keyprefix": "theirs"})
    place = Place("redis://127.0.0.1/0", "ours:")
    given: dict[str, Any] = {"result_backend_transport_options": {"retry_policy": {}}}
    assert place.settings(app, given) == {
        "broker_transport_options": {"sep": ":", "global_keyprefix": "ours:"},
        "result_backend_transport_options": {"retry_policy": {}, "global_keyprefix": "ours:"},
    }
    app.conf.broker_transport_options = {"credential_provider": object()}
    with pytest.raises(UsageError, match="cannot be written as JSON"):
        place.settings(app, {})


def test_a_rabbitmq_is_one_place() -> None:
    broker = LabBroker(PORTAL, "amqp://guest:guest@127.0.0.1//", private=False)
    with broker.place() as place:
        assert place == Place(broker.url)
    assert broker.address == "amqp://guest:***@127.0.0.1//"
    assert "guest" not in repr(broker)
