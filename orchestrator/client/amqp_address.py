"""Where a RabbitMQ is and how to get in, as kombu and py-amqp themselves understood the URL and the
settings.

py-amqp's connection object is made (that opens nothing) from the parameters that kombu computed,
and read: so URLs, `broker_use_ssl`, `broker_login_method` and transport options mean here exactly
what they mean to stock Celery.
"""

import inspect
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from amqp import sasl
from amqp.transport import AMQP_PORT, SSLTransport, to_host_port

LONGEST_HEARTBEAT_S = 20
"""Celery's default is 120 s: too long to wait on a connection that is dead."""

DEFAULT_FRAME_MAX = 131072
DEFAULT_CONNECT_TIMEOUT_S = 4.0
"""Celery's own default (`broker_connection_timeout`)."""

_TLS_OPTIONS = frozenset(inspect.signature(SSLTransport._wrap_socket_sni).parameters) | {"context"}


@dataclass(frozen=True, slots=True)
class AmqpAddress:
    """One broker; ``str()`` never shows credentials. ``heartbeat_s`` 0 means none."""

    host: str = "127.0.0.1"
    port: int = AMQP_PORT
    virtual_host: str = "/"
    authentication: Sequence[Any] = field(default=(sasl.PLAIN("guest", "guest"),), repr=False)
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    server_hostname: str | None = None
    heartbeat_s: int = LONGEST_HEARTBEAT_S
    frame_max: int = DEFAULT_FRAME_MAX
    connect_timeout_s: float = DEFAULT_CONNECT_TIMEOUT_S
    client_properties: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __str__(self) -> str:
        scheme = "amqps" if self.tls else "amqp"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}/{self.virtual_host.removeprefix('/')}"

    def login(self, offered: Sequence[str]) -> tuple[str, bytes] | None:
        """The mechanism and the response of the login; None when none of the offered ones fits."""
        for method in self.authentication:
            mechanism = (method.mechanism or b"").decode()
            if mechanism in offered and (response := method.start(None)) is not NotImplemented:
                return mechanism, response
        return None


def address_of(connection: Any, worker_heartbeat_s: float | None) -> AmqpAddress:
    """The address that a py-amqp connection would go to.

    ``worker_heartbeat_s`` is the app's `broker_heartbeat`; 0 or None turns heartbeats off, and an
    interval in the transport options wins over it.
    """
    host, port = to_host_port(connection.host)
    heartbeat_s = connection.client_heartbeat
    if not heartbeat_s:
        heartbeat_s = min(worker_heartbeat_s or 0, LONGEST_HEARTBEAT_S)
    options = connection.ssl if isinstance(connection.ssl, dict) else {}
    return AmqpAddress(
        host=host,
        port=port,
        virtual_host=connection.virtual_host,
        authentication=tuple(connection.authentication),
        tls=_tls_context(options) if connection.ssl else None,
        server_hostname=options.get("server_hostname"),
        heartbeat_s=int(heartbeat_s),
        frame_max=connection.frame_max,
        connect_timeout_s=float(connection.connect_timeout or DEFAULT_CONNECT_TIMEOUT_S),
        client_properties={
            name: value
            for name, value in connection.client_properties.items()
            if name not in connection.library_properties
        },
    )


def _tls_context(options: Mapping[str, Any]) -> ssl.SSLContext:
    """As py-amqp's `SSLTransport` makes it: the host name is checked when one is given."""
    if unknown := sorted(set(options) - _TLS_OPTIONS):
        raise TypeError(f"broker_use_ssl has unknown options: {', '.join(unknown)}")
    if (made := options.get("context")) is not None:
        given = dict(made)
        check_hostname = given.pop("check_hostname", None)
        context = ssl.create_default_context(**given)
        context.check_hostname = bool(check_hostname)
        return context
    context = ssl.SSLContext(options.get("ssl_version") or ssl.PROTOCOL_TLS_CLIENT)
    if (maximum := options.get("tls_maximum_version")) is not None:
        context.maximum_version = maximum
    if (minimum := options.get("tls_minimum_version")) is not None:
        context.minimum_version = minimum
    if options.get("certfile") is not None:
        context.load_cert_chain(options["certfile"], options.get("keyfile"))
    if options.get("ca_certs") is not None:
        context.load_verify_locations(options["ca_certs"])
    if options.get("ciphers") is not None:
        context.set_ciphers(options["ciphers"])
    context.check_hostname = options.get("server_hostname") is not None
    if options.get("cert_reqs") is not None:
        context.verify_mode = options["cert_reqs"]
    if options.get("ca_certs") is None and context.verify_mode != ssl.CERT_NONE:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    return context
