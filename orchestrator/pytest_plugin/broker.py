"""The broker of a test session, and empty places on it that no two tests share."""

import json
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import redis
from anyio.from_thread import BlockingPortal

from orchestrator.environment.broker import is_amqp
from orchestrator.environment.guardian import open_guardian
from orchestrator.environment.masking import mask_url
from orchestrator.environment.redis_check import check_redis, client_url
from orchestrator.environment.redis_server import new_password, open_redis
from orchestrator.errors import EnvironmentNotReady, UsageError
from orchestrator.pytest_plugin.hosting import hosted, open_portal

DATABASES = 16
PREFIX_OPTIONS = ("broker_transport_options", "result_backend_transport_options")
_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where a laboratory's messages and results live. ``prefix`` stands before all its keys in a
    Redis that is not ours alone; a place of our own has none."""

    url: str
    prefix: str = ""

    def settings(self, app: Any, settings: Mapping[str, Any]) -> dict[str, Any]:
        """``settings`` with what keeps to this place. Raises `UsageError` for transport options
        that no other process can be given."""
        if not self.prefix:
            return dict(settings)
        prefixed = {"global_keyprefix": self.prefix}
        options = {
            name: {**(app.conf.get(name) or {}), **settings.get(name, {}), **prefixed}
            for name in PREFIX_OPTIONS
        }
        try:
            json.dumps(options)
        except TypeError as exc:
            raise UsageError(
                f"the app's transport options cannot be written as JSON ({exc}): "
                "leave --celery-lab-broker out, for a private Redis"
            ) from exc
        return {**settings, **options}


@dataclass(slots=True)
class LabBroker:
    """The broker of the session. ``url`` has its password in it; ``private``: it is ours alone."""

    portal: BlockingPortal = field(repr=False)
    url: str = field(repr=False)
    private: bool
    _taken: set[int] = field(default_factory=set, repr=False)

    @property
    def address(self) -> str:
        """The URL without its password."""
        return mask_url(self.url)

    @contextmanager
    def place(self) -> Iterator[Place]:
        """An empty place: a database of its own on a private Redis; key names of its own on
        another, where they are removed at the end; on a RabbitMQ there is none but the whole."""
        if self.private:
            with self._database() as place:
                yield place
        elif is_amqp(self.url):
            yield Place(self.url)
        else:
            place = Place(self.url, f"celery-lab-{secrets.token_hex(6)}:")
            try:
                yield place
            finally:
                _remove(place)

    @contextmanager
    def _database(self) -> Iterator[Place]:
        free = next((n for n in range(DATABASES) if n not in self._taken), None)
        if free is None:
            raise EnvironmentNotReady(f"more than {DATABASES} laboratories are open at once")
        self._taken.add(free)
        place = Place(urlunsplit(urlsplit(self.url)._replace(path=f"/{free}")))
        try:
            with redis.Redis.from_url(place.url) as client:
                client.flushdb()
            yield place
        finally:
            self._taken.discard(free)


@contextmanager
def open_lab_broker(url: str | None, directory: Path) -> Iterator[LabBroker]:
    """The broker at ``url``; None: a private Redis, whose log goes to ``directory``.

    Raises `BrokerBinaryMissing`, and `BrokerUnavailable` for a Redis that does not answer (a
    RabbitMQ is asked when a laboratory is opened)."""
    with open_portal() as portal:
        if url is None:
            with hosted(portal, _private_redis(directory)) as private:
                yield LabBroker(portal, private, private=True)
        else:
            if not is_amqp(url):
                portal.call(check_redis, url)
            yield LabBroker(portal, url, private=False)


@asynccontextmanager
async def _private_redis(directory: Path) -> AsyncIterator[str]:
    async with (
        open_guardian() as guardian,
        open_redis(guardian, log_path=directory / "broker.log", password=new_password()) as server,
    ):
        yield server.info.url


def _remove(place: Place) -> None:
    """The keys of a place, and no others."""
    with redis.Redis.from_url(client_url(place.url)) as client:
        page: list[bytes] = []
        for key in client.scan_iter(match=f"{place.prefix}*", count=_PAGE):
            page.append(key)
            if len(page) == _PAGE:
                client.unlink(*page)
                page = []
        if page:
            client.unlink(*page)
