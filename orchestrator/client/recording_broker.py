"""A kombu producer whose messages are kept instead of sent.

Serialisation, compression, properties, delivery tags, priorities, exchanges, bindings and fanout
topics are kombu's own: its Redis channel runs, on a client that writes down (`recording_redis`).
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from celery import Celery
from kombu import messaging
from kombu.transport import redis as redis_transport

from orchestrator.client.address import RedisAddress, address_of
from orchestrator.client.failures import Unroutable
from orchestrator.client.ids import IdSource
from orchestrator.client.recording_redis import RecordingRedis
from orchestrator.client.resp import Command
from orchestrator.client.tracing import NO_TRACE, add_trace
from orchestrator.errors import NotSupported

_Channel: Any = redis_transport.Channel  # kombu is typed only in part
_Producer: Any = messaging.Producer

_MOST_DECLARED = 1000
"""Queues that are remembered as declared, while a program makes ever new ones."""

_DECLARING = frozenset({"SADD", "EVAL"})


@dataclass(frozen=True, slots=True)
class Routed:
    """A message for a direct or topic exchange: the binding table tells its queues."""

    exchange: str
    routing_key: str
    message: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Published:
    """A task message that was captured: what its headers and its body say of it."""

    id: str
    ignored: bool
    embed: Mapping[str, Any]
    reply_to: str = ""


class BrokerRecord:
    """What kombu would have sent, in order, since the last `take`."""

    def __init__(self) -> None:
        self.commands: list[Command | Routed] = []
        self.published: list[Published] = []
        self.declarations: list[Command] = []
        """Bindings of queues, all of them: a Redis that was restarted must be told again."""

    def __call__(self, command: Command) -> None:
        if command[0] in _DECLARING:
            self.declarations.append(command)
        else:
            self.commands.append(command)

    def route(self, message: Routed) -> None:
        self.commands.append(message)

    @contextmanager
    def aside(self) -> Iterator[list[Command | Routed]]:
        """What is recorded in the block comes here instead."""
        kept, self.commands = self.commands, []
        try:
            yield self.commands
        finally:
            self.commands = kept

    def take(self) -> tuple[list[Command | Routed], list[Published]]:
        taken = self.commands, self.published
        self.commands, self.published = [], []
        return taken


class RecordingChannel(_Channel):
    """kombu's Redis channel on a client that writes down."""

    tables: Mapping[str, list[tuple[str, ...]]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._next_delivery_tag = IdSource()
        super().__init__(*args, **kwargs)

    def _create_client(self, asynchronous: bool = False) -> RecordingRedis:
        assert (
            self.pool is not None
        )  # making the pool also puts the database into the fanout prefix
        client: RecordingRedis = self.connection.recorder
        client.global_keyprefix = self.global_keyprefix
        return client

    def basic_publish(self, message: Any, exchange: str, routing_key: str, **kwargs: Any) -> Any:
        if not exchange or self.typeof(exchange).type == "fanout":
            return super().basic_publish(message, exchange, routing_key, **kwargs)
        self._inplace_augment_message(message, exchange, routing_key)
        self.connection.recorder.record.route(Routed(exchange, routing_key, message))
        return None

    def get_table(self, exchange: str) -> list[tuple[str, ...]]:
        return self.tables.get(exchange, [])

    def binding_key(self, exchange: str) -> str:
        """The key of the exchange's binding table."""
        return f"{self.global_keyprefix}{self.keyprefix_queue % exchange}"


class RecordingTransport(redis_transport.Transport):
    Channel = RecordingChannel
    recorder: RecordingRedis


class Note(Protocol):
    """Where the tasks that were published are noted."""

    published: list[Published]


class RecordingProducer(_Producer):
    """Notes the tasks among the messages that it publishes."""

    note: Note
    trace: Mapping[str, str] = NO_TRACE

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._declared: dict[int, tuple[Any, int]] = {}
        super().__init__(*args, **kwargs)

    def maybe_declare(self, entity: Any, retry: bool = False, **policy: Any) -> Any:
        """As kombu does, which copies a queue each time to find that it was declared before."""
        known, identity = self._declared.get(id(entity), (None, 0))
        if known is entity is not None and identity in self.connection.declared_entities:
            return False
        declared = super().maybe_declare(entity, retry, **policy)
        if entity is not None and entity.can_cache_declaration:
            if len(self._declared) > _MOST_DECLARED:
                self._declared.clear()
            self._declared[id(entity)] = (entity, hash(entity))
        return declared

    def publish(self, body: Any, *args: Any, **kwargs: Any) -> Any:
        headers = kwargs.get("headers") or {}
        if self.trace and "task" in headers:
            add_trace(headers, self.trace)
        # Nothing can fail on the way to a list, so kombu's retry wrapper would be pure cost.
        result = super().publish(body, *args, **(kwargs | {"retry": False}))
        if "task" in headers and isinstance(body, tuple):
            ignored = bool(headers.get("ignore_result"))
            reply_to = kwargs.get("reply_to") or ""
            task = Published(headers["id"], ignored, body[2] or {}, reply_to)
            self.note.published.append(task)
        return result


class RecordingBroker:
    """The broker as Celery's publishing code sees it. ``url`` wins over the app's own settings."""

    def __init__(self, app: Celery, url: str | None = None) -> None:
        self._app = app
        self._connection = app.connection_for_write(url)
        _check_transport(self._connection)
        self._connection.transport_cls = RecordingTransport
        self.record = BrokerRecord()
        self._connection.transport.recorder = RecordingRedis(self.record)
        self.channel: RecordingChannel = self._connection.default_channel
        self.producer = RecordingProducer(self.channel, auto_declare=False)
        self.producer.note = self.record
        self.address: RedisAddress = address_of(self.channel.pool)

    def deliver(self, routed: Routed, table: Iterable[tuple[str, ...]]) -> list[Command | Routed]:
        """The commands that put the message into the queues that the exchange's table gives it.

        Raises `Unroutable` when there are none.
        """
        self.channel.tables = {routed.exchange: list(table)}
        exchange_type = self.channel.typeof(routed.exchange)
        with self.record.aside() as commands:
            exchange_type.deliver(dict(routed.message), routed.exchange, routed.routing_key)
        if not commands:
            raise Unroutable(
                f"no queue is bound to the {exchange_type.type} exchange {routed.exchange!r} with "
                f"a key that matches {routed.routing_key!r}: the broker would drop the message"
            )
        return commands

    def broadcast(self, command: str, arguments: Mapping[str, Any]) -> list[Command | Routed]:
        """The commands that tell all workers something, as `app.control` would."""
        mailbox = self._app.control.mailbox(self._connection)
        mailbox._producer_pool = None  # so that it publishes on the connection that it was given
        with self.record.aside() as commands:
            mailbox._broadcast(command, dict(arguments))
        return commands

    def read_table(self, members: Iterable[bytes]) -> list[tuple[str, ...]]:
        """A binding table as kombu reads it: (routing key, pattern, queue)."""
        return [tuple(member.decode().split(self.channel.sep)) for member in members]

    def close(self) -> None:
        self._connection.release()


def _check_transport(connection: Any) -> None:
    transport = connection.get_transport_cls()
    if issubclass(transport, redis_transport.SentinelTransport):
        raise NotSupported(
            "the asyncio client does not follow Redis Sentinel: give it the address of the primary"
        )
    if not issubclass(transport, redis_transport.Transport):
        name = getattr(transport, "driver_type", None) or transport.__name__
        raise NotSupported(
            f"the asyncio client speaks to Redis, Valkey and RabbitMQ, not to a broker of type "
            f"{name}: use a redis:// or amqp:// broker URL"
        )
