"""A task message for RabbitMQ with holes, learned from one that Celery and kombu made.

The counterpart of `template.py`: what the app configures stays as it was written; filled in are the
arguments, the task's id, its group and its place in it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.client.amqp_messages import AmqpMessage
from orchestrator.client.amqp_recording import RecordingAmqpBroker
from orchestrator.client.amqp_stencil import AmqpStencil, Pieces
from orchestrator.client.amqp_wire import (
    encoded_properties,
    header_item,
    header_key,
    read_properties,
)
from orchestrator.client.arguments import ArgumentTexts, Dump, dump_with
from orchestrator.client.capture import Captured
from orchestrator.client.stencil import NO_PLACE
from orchestrator.client.template import (
    HEADERS,
    OF_THE_MOMENT,
    NotUnderstood,
    serializer_of,
)

_HOLES = ("id", "group", "group_index", "root_id", "argsrepr", "kwargsrepr")
_BEFORE = ("content_type", "content_encoding")
_AFTER = ("delivery_mode", "priority")
_PROPERTIES = frozenset((*_BEFORE, "application_headers", *_AFTER, "correlation_id", "reply_to"))


@dataclass(frozen=True, slots=True)
class AmqpSample:
    """A captured message and what is known of its task. ``embed`` is the third part of its body,
    before it was serialised."""

    message: AmqpMessage
    task_id: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    group_id: str | None
    group_index: int | None
    embed: Mapping[str, Any]


class AmqpTemplate:
    """Made by `learn`."""

    __slots__ = ("_dump", "_pieces", "_texts")

    def __init__(self, pieces: Pieces, dump: Dump | None, texts: ArgumentTexts) -> None:
        self._pieces = pieces
        self._dump = dump
        self._texts = texts

    @classmethod
    def learn(
        cls, sample: AmqpSample, texts: ArgumentTexts, *, more_headers: Collection[str] = ()
    ) -> "AmqpTemplate":
        """``more_headers`` may stand in it besides Celery's own. Raises `NotUnderstood`."""
        properties = read_properties(sample.message.properties)
        _check(properties, more_headers)
        serializer = serializer_of(properties["content_type"])
        dump = None if serializer == "json" else dump_with(serializer)
        template = cls(_pieces(properties), dump, texts)
        template.check(sample)
        return template

    def check(self, sample: AmqpSample) -> None:
        """Raises `NotUnderstood` when it would not make this very message."""
        stencil = self.stencil(sample.group_id, sample.embed)
        written = stencil.write(sample.args, sample.kwargs)
        place = NO_PLACE if sample.group_index is None else b"%d" % sample.group_index
        page = stencil.on_page("", "")
        made = page.messages([written], [place], [sample.task_id.encode()], [b""])
        if made != [(sample.message.properties, sample.message.body)]:
            raise NotUnderstood("a message from the template differs from Celery's")

    def stencil(self, group_id: str | None, embed: Mapping[str, Any]) -> AmqpStencil:
        """For the tasks of one group (or of none), with the same chord (or none)."""
        return AmqpStencil(self._pieces, group_id, embed, self._dump, self._texts)


class AmqpDialect:
    """How messages for RabbitMQ are learned from; see `kinds.Dialect`."""

    def __init__(self, broker: RecordingAmqpBroker) -> None:
        self._broker = broker

    @property
    def epoch(self) -> int:
        """Learning has the queues declared: after a refusal that must be tried anew."""
        return self._broker.epoch

    learn = staticmethod(AmqpTemplate.learn)

    @staticmethod
    def target(captured: Captured) -> tuple[str, str]:
        """The exchange and the routing key."""
        message: AmqpMessage = captured.commands[0]
        return message.exchange, message.routing_key

    @staticmethod
    def samples(captured: Captured, signature: Any, group_id: str | None) -> list[AmqpSample]:
        """The messages of a captured canvas, each of which is for ``signature``.

        Raises `NotUnderstood` when something else would be sent too, or to several places.
        """
        messages: list[AmqpMessage] = captured.commands
        targets = {(message.exchange, message.routing_key) for message in messages}
        limits = {message.confirm_timeout_s for message in messages}
        if len(messages) != len(captured.published) or len(targets) != 1 or limits != {None}:
            raise NotUnderstood("more is sent than messages to one place")
        return [
            AmqpSample(
                message=message,
                task_id=task.id,
                args=signature["args"],
                kwargs=signature["kwargs"],
                group_id=group_id,
                group_index=None if group_id is None else index,
                embed=task.embed,
            )
            for index, (message, task) in enumerate(zip(messages, captured.published, strict=True))
        ]


def _check(properties: Mapping[str, Any], more_headers: Collection[str]) -> None:
    headers = properties.get("application_headers", {})
    unknown = headers.keys() - HEADERS - set(more_headers) | properties.keys() - _PROPERTIES
    if unknown:
        raise NotUnderstood(f"the message has fields of its own: {unknown}")
    if [name for name in headers if name in _HOLES] != list(_HOLES):
        raise NotUnderstood("the message's headers stand in another order")
    if any(headers.get(name) for name in OF_THE_MOMENT):
        raise NotUnderstood("the message belongs to one moment, or to one other task")
    if not {"content_type", "correlation_id"} <= properties.keys():
        raise NotUnderstood("the message lacks fields")


def _pieces(properties: Mapping[str, Any]) -> Pieces:
    """Cut the properties, as py-amqp writes them, at their holes."""
    flags = encoded_properties(properties)[:2]

    def part(*names: str) -> bytes:
        return encoded_properties({name: properties.get(name) for name in names})[2:]

    between = [b""]
    for name, value in properties["application_headers"].items():
        between[-1] += header_key(name)
        if name in _HOLES:
            between.append(b"")
        else:
            between[-1] += header_item(value)
    *before_holes, last = between
    task_id, group, place, root_id, args, kwargs = before_holes
    return (
        flags + part(*_BEFORE),
        task_id,
        group,
        place,
        root_id,
        args,
        kwargs,
        last,
        part(*_AFTER),
        part("reply_to"),
    )
