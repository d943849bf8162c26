"""Does a RabbitMQ let us in at this address, and which one is it? One clear line when it does
not."""

import ssl
from collections.abc import Mapping
from typing import Any

from celery import Celery

from orchestrator.client.amqp_channel import AmqpConnectionLost
from orchestrator.client.amqp_link import AmqpLink
from orchestrator.client.amqp_recording import endpoints
from orchestrator.client.session import configuration_checked
from orchestrator.errors import BrokerUnavailable

_CLOSE_S = 1.0
_NO_TLS = "Does it want no TLS (amqp://)?"
_TLS = "Does it want TLS (amqps://)?"


def amqp_link(
    app: Celery, url: str, settings: Mapping[str, Any] | None = None, what: str = "the broker"
) -> AmqpLink:
    """The way to the RabbitMQ (or one of several) at ``url``, as the app would go it.

    ``settings`` are Celery's, and win over the app's: `broker_use_ssl`, `broker_transport_options`
    and `broker_login_method` count. Raises `NotSupported` and `UsageError`.
    """
    given = settings or {}
    with configuration_checked():
        connection = app.connection_for_read(
            url,
            ssl=given.get("broker_use_ssl"),
            transport_options=given.get("broker_transport_options"),
            login_method=given.get("broker_login_method"),
        )
        return AmqpLink(endpoints(app, connection), what)


async def identify(
    app: Celery, url: str, settings: Mapping[str, Any] | None = None
) -> tuple[str, str]:
    """Log in and leave; gives the server's product and version. Raises `BrokerUnavailable`."""
    link = amqp_link(app, url, settings)
    try:
        said = (await link.ready()).server_properties
    except BrokerUnavailable as exc:
        if (hint := _tls_hint(exc.__cause__, tls=url.startswith("amqps:"))) is not None:
            raise BrokerUnavailable(f"{exc} {hint}") from exc
        raise
    finally:
        await link.close(within_s=_CLOSE_S)
    return str(said.get("product", "AMQP")), str(said.get("version", "unknown"))


def _tls_hint(cause: BaseException | None, *, tls: bool) -> str | None:
    """What a connection that breaks before the login may mean."""
    if tls:
        mismatch = isinstance(cause, ssl.SSLError) and not isinstance(
            cause, ssl.SSLCertVerificationError
        )
        return _NO_TLS if mismatch else None
    return _TLS if isinstance(cause, AmqpConnectionLost | TimeoutError) else None
