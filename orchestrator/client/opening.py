"""Which session an app needs: by its broker, or none at all for an eager app."""

from celery import Celery

from orchestrator.client.amqp_recording import is_amqp
from orchestrator.client.amqp_session import AmqpSession
from orchestrator.client.eager_session import EagerSession
from orchestrator.client.ids import IdSource
from orchestrator.client.session import (
    ConnectedSession,
    RedisSession,
    Session,
    configuration_checked,
)
from orchestrator.client.waiting import OnResult


async def open_session(
    app: Celery,
    ids: IdSource,
    on_result: OnResult | None,
    broker_url: str | None,
    result_backend: str | None,
) -> Session:
    """Connect. Raises `BrokerUnavailable`, `NotSupported` or `UsageError`."""
    if app.conf.task_always_eager:
        return EagerSession(app)
    kind: type[ConnectedSession] = RedisSession
    with configuration_checked(), app.connection_for_write(broker_url) as connection:
        if is_amqp(connection):
            kind = AmqpSession
    return await kind.open(app, ids, on_result, broker_url, result_backend)
