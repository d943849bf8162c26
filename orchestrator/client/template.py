"""A task message with holes, learned from one that Celery and kombu made.

All that the app configures (queue, priority, serializer, time limits, reply_to ...) is theirs and
stays as it was written. Only what differs between two messages of one kind is filled in: the
arguments, the task's id, its group and its place in it, and the delivery tag.
"""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from kombu import serialization
from kombu.utils import json as kombu_json

from orchestrator.client.arguments import ArgumentTexts, Dump, dump_with
from orchestrator.client.stencil import NO_PLACE, Stencil

_HOLES = (
    ("", "body"),
    ("headers", "id"),
    ("headers", "group"),
    ("headers", "group_index"),
    ("headers", "root_id"),
    ("headers", "argsrepr"),
    ("headers", "kwargsrepr"),
    ("properties", "correlation_id"),
    ("properties", "delivery_tag"),
)
"""What is filled in, in the order in which it stands in the message."""

_GROUP = 2
"""Which of them is the group."""

_UNQUOTED = frozenset(("group", "group_index"))
_MARK = "hole-6d0a2c1e-"
_MARKS = re.compile(f'("?){_MARK}([0-9])("?)')

_ENVELOPE = frozenset(("body", "content-encoding", "content-type", "headers", "properties"))
HEADERS = frozenset((
    "lang", "task", "id", "shadow", "eta", "expires", "group", "group_index", "retries",
    "timelimit", "root_id", "parent_id", "argsrepr", "kwargsrepr", "origin", "ignore_result",
    "replaced_task_nesting", "stamped_headers", "stamps",
))  # fmt: skip
_PROPERTIES = frozenset((
    "correlation_id", "reply_to", "delivery_mode", "delivery_info", "priority", "body_encoding",
    "delivery_tag",
))  # fmt: skip
OF_THE_MOMENT = ("eta", "expires", "parent_id", "stamped_headers", "stamps", "retries")
"""Headers whose message others cannot be made like: times, parents, stamps."""


class NotUnderstood(Exception):
    """The message is not one that others can be made like; the text says why."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A captured message and what is known of its task. ``embed`` is the third part of its body,
    before it was serialised."""

    text: str
    task_id: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    group_id: str | None
    group_index: int | None
    embed: Mapping[str, Any]


class Template:
    """Made by `learn`."""

    __slots__ = ("_alone", "_dump", "_pieces", "_texts")

    def __init__(self, pieces: tuple[bytes, ...], dump: Dump | None, texts: ArgumentTexts) -> None:
        self._pieces = pieces
        self._dump = dump
        self._texts = texts
        self._alone: tuple[Mapping[str, Any], Stencil] | None = None

    @classmethod
    def learn(
        cls, sample: Sample, texts: ArgumentTexts, *, more_headers: Collection[str] = ()
    ) -> "Template":
        """``more_headers`` may stand in it besides Celery's own. Raises `NotUnderstood`."""
        message = json.loads(sample.text)
        _check(message, more_headers)
        serializer = serializer_of(message["content-type"])
        template = cls(
            _pieces(message), None if serializer == "json" else dump_with(serializer), texts
        )
        template.check(sample)
        return template

    def check(self, sample: Sample) -> None:
        """Raises `NotUnderstood` when it would not make this very message."""
        stencil = self.stencil(sample.group_id, sample.embed)
        written = stencil.write(sample.args, sample.kwargs)
        tag = json.loads(sample.text)["properties"]["delivery_tag"].encode()
        place = NO_PLACE if sample.group_index is None else b"%d" % sample.group_index
        task_id = sample.task_id.encode()
        page = stencil.on_page("", "")
        if page.messages([written], [place], [task_id], [tag]) != [sample.text.encode()]:
            raise NotUnderstood("a message from the template differs from Celery's")

    def stencil(self, group_id: str | None, embed: Mapping[str, Any]) -> Stencil:
        """For the tasks of one group (or of none), with the same chord (or none)."""
        if group_id is not None:
            return self._stencil(group_id, embed)
        # Tasks outside of a group have the same over and over again.
        if self._alone is None or self._alone[0] is not embed:
            self._alone = (embed, self._stencil(None, embed))
        return self._alone[1]

    def _stencil(self, group_id: str | None, embed: Mapping[str, Any]) -> Stencil:
        group = "null" if group_id is None else json.dumps(group_id)
        before, after = self._pieces[_GROUP : _GROUP + 2]
        pieces = (
            *self._pieces[:_GROUP],
            before + group.encode() + after,
            *self._pieces[_GROUP + 2 :],
        )
        return Stencil(pieces, embed, self._dump, self._texts)


def _check(message: Mapping[str, Any], more_headers: Collection[str]) -> None:
    headers, properties = message.get("headers", {}), message.get("properties", {})
    unknown = headers.keys() - HEADERS - set(more_headers) | properties.keys() - _PROPERTIES
    if message.keys() != _ENVELOPE or unknown:
        raise NotUnderstood(f"the message has fields of its own: {unknown}")
    sections = {"": message, "headers": headers, "properties": properties}
    if any(name not in sections[section] for section, name in _HOLES):
        raise NotUnderstood("the message lacks fields")
    if any(headers.get(name) for name in OF_THE_MOMENT):
        raise NotUnderstood("the message belongs to one moment, or to one other task")
    if properties.get("body_encoding") != "base64":
        raise NotUnderstood("the body is not in base 64")


def serializer_of(content_type: str) -> str:
    """The name of the serializer that makes it. Raises `NotUnderstood`."""
    registry = serialization.registry
    name = registry.type_to_name.get(content_type)
    if name is None:
        raise NotUnderstood(f"no serializer makes {content_type}")
    if name == "json" and registry._encoders[name].encoder is not kombu_json.dumps:
        raise NotUnderstood("JSON is not written by kombu")
    return str(name)


def _pieces(message: dict[str, Any]) -> tuple[bytes, ...]:
    """Cut the message, written as kombu writes it, at its holes."""
    sections = {"": message, "headers": message["headers"], "properties": message["properties"]}
    for number, (section, name) in enumerate(_HOLES):
        sections[section][name] = f"{_MARK}{number}"
    text: str = kombu_json.dumps(message)  # type: ignore[no-untyped-call]
    holes = list(_MARKS.finditer(text))
    if [int(hole[2]) for hole in holes] != list(range(len(_HOLES))):
        raise NotUnderstood("the message's fields stand in another order")
    ends = [(0, 0), *map(_extent, holes), (len(text), len(text))]
    return tuple(text[end:begin].encode() for (_, end), (begin, _) in pairwise(ends))


def _extent(hole: "re.Match[str]") -> tuple[int, int]:
    """Where the hole begins and ends: a group and a place bring quotes of their own, or none."""
    begin, end = hole.span()
    if _HOLES[int(hole[2])][1] in _UNQUOTED:
        return begin, end
    return begin + len(hole[1]), end - len(hole[3])
