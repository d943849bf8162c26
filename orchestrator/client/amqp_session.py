"""A client whose broker is RabbitMQ: results come by messages (rpc) or through Redis."""

from collections.abc import Mapping
from typing import Any

from celery import Celery
from celery.backends.rpc import RPCBackend

from orchestrator.client.amqp_link import AmqpLink
from orchestrator.client.amqp_recording import RecordingAmqpBroker, endpoints
from orchestrator.client.amqp_results import RpcListener
from orchestrator.client.amqp_sender import AmqpSender
from orchestrator.client.amqp_template import AmqpDialect
from orchestrator.client.capture import Captured, Capturer
from orchestrator.client.fast_road import FastRoad
from orchestrator.client.ids import IdSource
from orchestrator.client.ignored import carried
from orchestrator.client.recording_backend import NO_CHORDS, real_backend
from orchestrator.client.session import ConnectedSession, Parts, redis_results
from orchestrator.client.waiting import OnResult
from orchestrator.errors import NotSupported


class AmqpSession(ConnectedSession):
    """RabbitMQ for messages, and for results too, or Redis, or nothing."""

    @classmethod
    def parts(
        cls,
        app: Celery,
        ids: IdSource,
        on_result: OnResult | None,
        broker_url: str | None,
        result_backend: str | None,
    ) -> Parts:
        backend = real_backend(app, result_backend, rpc=True)
        broker = RecordingAmqpBroker(app, broker_url)
        link = AmqpLink(broker.endpoints)
        if isinstance(backend, RPCBackend):
            return _rpc_parts(app, backend, broker, link, ids, on_result, broker_url)
        backend_link, listener = redis_results(backend, ids, on_result)
        capturer = Capturer(app, broker, backend, ids)
        return Parts(
            backend=backend,
            broker=broker,
            capturer=capturer,
            sender=AmqpSender(broker, link, backend_link),
            listener=listener,
            links=[link] if backend_link is None else [backend_link, link],
            fast=FastRoad(app, capturer, ids, AmqpDialect(broker)),
            blocks=listener,
        )


def _rpc_parts(
    app: Celery,
    backend: RPCBackend,
    broker: RecordingAmqpBroker,
    link: AmqpLink,
    ids: IdSource,
    on_result: OnResult | None,
    broker_url: str | None,
) -> Parts:
    # A connection of its own: the broker stops reading from one that publishes too much.
    read_from = endpoints(app, app.connection_for_read(broker_url))
    listener = RpcListener(AmqpLink(read_from, "the broker (results)"), backend, on_result)
    capturer = RpcCapturer(app, broker, backend, ids, listener.queue)
    return Parts(
        backend=backend,
        broker=broker,
        capturer=capturer,
        sender=AmqpSender(broker, link, None),
        listener=listener,
        links=[link],
        fast=FastRoad(app, capturer, ids, AmqpDialect(broker)),
        blocks=listener,
    )


class RpcCapturer(Capturer):
    """Refuses what would never give a result by rpc, rather than let it be waited for."""

    def capture(self, signature: Any) -> Captured:
        """Raises `NotSupported` besides what `Capturer.capture` raises."""
        canvas = super().capture(signature)
        seen: set[int] = set()
        for task in canvas.published:
            self._check_reply_to(task.reply_to)
            for later in carried(task.embed, set()):
                self._check_reply_to(later.get("options", {}).get("reply_to"))
            if _has_chord(task.embed, seen):
                raise NotSupported(NO_CHORDS)
        return canvas

    def _check_reply_to(self, queue: str | None) -> None:
        if queue and queue != self._reply_to:
            raise NotSupported(
                f"a signature of the canvas wants its result sent to the queue {queue!r}, where "
                "this client would never see it: it was given reply_to, or frozen outside the "
                "client. Use a fresh signature."
            )


def _has_chord(embed: Mapping[str, Any], seen: set[int]) -> bool:
    """True when a worker would have to start a chord: as a later link, or as a callback."""
    stack: list[Any] = list(embed.values())
    while stack:
        node = stack.pop()
        if not node or id(node) in seen:
            continue
        if isinstance(node, list | tuple):
            stack.extend(node)
        elif isinstance(node, Mapping):
            if node.get("subtask_type") == "chord":
                return True
            seen.add(id(node))
            kwargs, options = node.get("kwargs") or {}, node.get("options") or {}
            if node.get("subtask_type"):
                stack.append(kwargs.get("tasks"))
            stack += (options.get("link"), options.get("link_error"))
    return False
