"""Where a Redis is and how to get in, as kombu and Celery themselves understood the URL and the
options.

redis-py's connection objects are made (that opens nothing) from the parameters that kombu's channel
or Celery's backend computed, and read: so URLs, `broker_use_ssl`, `redis_*` settings, transport
options and credential providers mean here exactly what they mean to stock Celery.
"""

import ssl
from dataclasses import dataclass, field
from typing import Any

DEFAULT_CONNECT_TIMEOUT_S = 4.0
"""Celery's own default (`broker_connection_timeout`)."""

_CERT_REQUIREMENTS = {
    None: ssl.CERT_REQUIRED,
    "none": ssl.CERT_NONE,
    "optional": ssl.CERT_OPTIONAL,
    "required": ssl.CERT_REQUIRED,
    "CERT_NONE": ssl.CERT_NONE,
    "CERT_OPTIONAL": ssl.CERT_OPTIONAL,
    "CERT_REQUIRED": ssl.CERT_REQUIRED,
}


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """One Redis database. ``path`` is a unix socket; ``str()`` never shows credentials."""

    host: str = "localhost"
    port: int = 6379
    path: str | None = None
    db: int = 0
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    credential_provider: Any = field(default=None, repr=False)
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    client_name: str | None = None
    connect_timeout_s: float = DEFAULT_CONNECT_TIMEOUT_S
    keepalive: bool = True

    def __str__(self) -> str:
        if self.path is not None:
            return f"redis+socket://{self.path}?virtual_host={self.db}"
        return f"{'rediss' if self.tls else 'redis'}://{self.host}:{self.port}/{self.db}"

    def credentials(self) -> tuple[str, ...]:
        """The arguments of AUTH; empty when there is nothing to prove."""
        if self.credential_provider is not None:
            return tuple(part for part in self.credential_provider.get_credentials() if part)
        if self.username:
            return (self.username, self.password or "")
        return (self.password,) if self.password else ()


def address_of(pool: Any) -> RedisAddress:
    """The address that the connections of a redis-py connection pool would go to."""
    connection = pool.connection_class(**pool.connection_kwargs)
    path = getattr(connection, "path", None)
    timeout_s = getattr(connection, "socket_connect_timeout", None)
    keepalive = getattr(connection, "socket_keepalive", None)
    return RedisAddress(
        host=getattr(connection, "host", "localhost"),
        port=int(getattr(connection, "port", 6379)),
        path=path,
        db=int(connection.db or 0),
        username=connection.username,
        password=connection.password,
        credential_provider=connection.credential_provider,
        tls=_tls_context(connection) if hasattr(connection, "cert_reqs") else None,
        client_name=connection.client_name,
        connect_timeout_s=float(timeout_s or DEFAULT_CONNECT_TIMEOUT_S),
        keepalive=True if keepalive is None else bool(keepalive),
    )


def _tls_context(connection: Any) -> ssl.SSLContext:
    context = ssl.create_default_context()
    requirement = _CERT_REQUIREMENTS.get(connection.cert_reqs, connection.cert_reqs)
    context.check_hostname = bool(connection.check_hostname) and requirement != ssl.CERT_NONE
    context.verify_mode = requirement
    if connection.certfile or connection.keyfile:
        context.load_cert_chain(
            certfile=connection.certfile,
            keyfile=connection.keyfile,
            password=getattr(connection, "certificate_password", None),
        )
    authorities = {
        "cafile": connection.ca_certs,
        "capath": getattr(connection, "ca_path", None),
        "cadata": getattr(connection, "ca_data", None),
    }
    if any(authorities.values()):
        context.load_verify_locations(**authorities)
    minimum = getattr(connection, "ssl_min_version", None)
    if minimum is not None:
        context.minimum_version = minimum
    ciphers = getattr(connection, "ssl_ciphers", None)
    if ciphers is not None:
        context.set_ciphers(ciphers)
    return context
