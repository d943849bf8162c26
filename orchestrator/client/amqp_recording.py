"""A kombu producer for RabbitMQ whose messages and declarations are kept instead of sent.

Serialisation, compression, properties, priorities, exchanges, queues, their arguments and bindings
are kombu's and py-amqp's own: their channel runs, and what it would write to the socket is caught.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from amqp import spec
from amqp.protocol import queue_declare_ok_t
from celery import Celery
from kombu.transport import pyamqp

from orchestrator.client.amqp_address import AmqpAddress, address_of
from orchestrator.client.amqp_messages import AmqpMessage
from orchestrator.client.amqp_wire import arguments, encoded_properties
from orchestrator.client.recording_broker import Published, RecordingProducer
from orchestrator.errors import NotSupported

_Channel: Any = pyamqp.Channel  # kombu is typed only in part
_Connection: Any = pyamqp.Connection
_Transport: Any = pyamqp.Transport

_DECLARING = frozenset(
    {spec.Exchange.Declare, spec.Exchange.Bind, spec.Queue.Declare, spec.Queue.Bind}
)


@dataclass(frozen=True, slots=True)
class Declaration:
    """A method that declares or binds a queue or an exchange; ``what`` says which one."""

    signature: tuple[int, int]
    arguments: bytes
    what: str


class AmqpRecord:
    """What kombu would have sent, in order, since the last `take`, and declared."""

    def __init__(self) -> None:
        self.messages: list[AmqpMessage] = []
        self.published: list[Published] = []
        self.declarations: list[Declaration] = []
        """What must be declared before anything is published; whoever does so takes it out."""

    def take(self) -> tuple[list[AmqpMessage], list[Published]]:
        taken = self.messages, self.published
        self.messages, self.published = [], []
        return taken


class RecordingAmqpChannel(_Channel):
    """kombu's channel; nothing of it reaches a socket."""

    def send_method(self, sig: tuple[int, int], format: str = "", args: Any = (), **_: Any) -> None:
        if sig in _DECLARING:
            kind = "queue" if sig[0] == spec.Queue.CLASS_ID else "exchange"
            declaration = Declaration(sig, arguments(format, *args), f"{kind} {args[1]!r}")
            self.connection.record.declarations.append(declaration)

    def wait(self, method: Any, **_: Any) -> Any:
        """The broker's answer, which comes later: only the name of a queue is ever looked at."""
        return queue_declare_ok_t("", 0, 0) if method == spec.Queue.DeclareOk else None

    def basic_publish(
        self,
        message: Any,
        exchange: str = "",
        routing_key: str = "",
        timeout: float | None = None,
        confirm_timeout: float | None = None,
        **_: Any,
    ) -> None:
        properties = message.properties
        body = message.body
        if isinstance(body, str):
            body = body.encode(properties.setdefault("content_encoding", "utf-8"))
        is_task = "task" in (properties.get("application_headers") or ())
        self.connection.record.messages.append(
            AmqpMessage(
                exchange,
                routing_key,
                encoded_properties(properties),
                body,
                task_id=properties.get("correlation_id") or "",
                mandatory=is_task,
                confirm_timeout_s=confirm_timeout or timeout,
            )
        )

    def close(self) -> None:
        """There is nothing to close."""


class RecordingAmqpConnection(_Connection):
    """py-amqp's connection that is never opened."""

    Channel = RecordingAmqpChannel
    record: AmqpRecord

    def __init__(self, **options: Any) -> None:
        # Confirms are always on; py-amqp's own way waits for each message.
        super().__init__(**(options | {"confirm_publish": False}))

    def connect(self, callback: Any = None) -> None:
        """There is nothing to connect to."""

    def channel(self, channel_id: Any = None, callback: Any = None) -> Any:
        return self.Channel(self, channel_id)

    def close(self, *_: Any, **__: Any) -> None:
        """There is nothing to close."""


class RecordingAmqpTransport(_Transport):
    Connection = RecordingAmqpConnection
    record: AmqpRecord

    def establish_connection(self) -> RecordingAmqpConnection:
        connection: RecordingAmqpConnection = super().establish_connection()
        connection.record = self.record
        return connection

    def verify_connection(self, connection: Any) -> bool:
        return True


class RecordingAmqpBroker:
    """RabbitMQ as Celery's publishing code sees it. ``url`` wins over the app's own settings."""

    def __init__(self, app: Celery, url: str | None = None) -> None:
        self._app = app
        self._connection = app.connection_for_write(url)
        self.epoch = 0
        self.endpoints = endpoints(app, self._connection)
        for endpoint in self.endpoints:
            endpoint.address()  # raises now, not when that broker is needed, what is wrong with it
        self.record = AmqpRecord()
        self._connection.transport_cls = RecordingAmqpTransport
        self._connection.transport.record = self.record
        self.producer = RecordingProducer(self._connection.default_channel, auto_declare=False)
        self.producer.note = self.record

    def declare_again(self) -> None:
        """Have everything declared once more by the publishing that follows."""
        self._connection.declared_entities.clear()
        self.epoch += 1

    def broadcast(self, command: str, options: Mapping[str, Any]) -> list[AmqpMessage]:
        """What tells all workers something, as `app.control` would."""
        mailbox = self._app.control.mailbox(self._connection)
        mailbox._producer_pool = None  # so that it publishes on the connection that it was given
        mailbox._broadcast(command, dict(options))
        return self.record.take()[0]

    def close(self) -> None:
        self._connection.release()


class Endpoint:
    """One broker of a failover list. Its address is computed anew for each attempt to connect: a
    password may be a function."""

    def __init__(self, app: Celery, connection: Any) -> None:
        self._app = app
        if issubclass(connection.get_transport_cls(), pyamqp.SSLTransport) and not connection.ssl:
            connection.ssl = True  # as that transport does
        self._transport = RecordingAmqpTransport(
            connection, default_port=None, default_ssl_port=None
        )
        self._transport.record = AmqpRecord()

    def address(self) -> AmqpAddress:
        """Raises `NotSupported` for what py-amqp needs another package for."""
        try:
            connection = self._transport.establish_connection()
        except NotImplementedError as exc:  # GSSAPI
            raise NotSupported(str(exc)) from exc
        return address_of(connection, self._app.conf.broker_heartbeat)


def endpoints(app: Celery, connection: Any) -> Sequence[Endpoint]:
    """The brokers that a kombu connection may go to, the first choice first.

    Raises `NotSupported` when some of them are no RabbitMQ.
    """
    if not connection.alt:
        return (Endpoint(app, connection),)
    alternatives = [app.connection_for_write(url) for url in connection.alt]
    if not all(map(is_amqp, alternatives)):
        raise NotSupported("the brokers of a failover list must all be RabbitMQ (amqp:// URLs)")
    return tuple(Endpoint(app, each) for each in alternatives)


def is_amqp(connection: Any) -> bool:
    """True when a kombu connection goes to RabbitMQ by py-amqp."""
    return issubclass(connection.get_transport_cls(), pyamqp.Transport)
