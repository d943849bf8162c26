"""Fills in the holes of a task message for RabbitMQ, for many tasks at a time.

The counterpart of `stencil.py`: there a message is one JSON text, here it is a table of properties,
with lengths, and a body.
"""

import json
from collections.abc import Iterable, Mapping
from struct import Struct
from typing import Any

from orchestrator.client.amqp_wire import header_item
from orchestrator.client.arguments import (
    ArgumentTexts,
    Dump,
    json_of,
    numbers_json,
    numbers_text,
)
from orchestrator.client.stencil import NO_PLACE, Written

_LENGTH = Struct(">I").pack
_INDEX = Struct(">cI").pack
_NO_KWARGS = b"{}"

Made = tuple[bytes, bytes]
"""The properties and the body of a message."""

Pieces = tuple[bytes, bytes, bytes, bytes, bytes, bytes, bytes, bytes, bytes, bytes]
"""What stands between the holes: before the headers; before id, group, place in the group, root id,
argsrepr and kwargsrepr; the other headers; after the headers up to the correlation id; after it."""


class AmqpStencil:
    """``embed`` is the third part of the body; ``dump`` serialises the body, None for JSON."""

    __slots__ = ("_body_tail", "_dump", "_embed", "_group", "_pieces", "_texts")

    def __init__(
        self,
        pieces: Pieces,
        group_id: str | None,
        embed: Mapping[str, Any],
        dump: Dump | None,
        texts: ArgumentTexts,
    ) -> None:
        self._pieces = pieces
        self._group = header_item(group_id)
        self._embed = embed
        self._dump = dump
        self._texts = texts
        self._body_tail = b", %b]" % json_of(embed) if dump is None else b""

    def write(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Written:
        """Raises what Celery and kombu raise for arguments that cannot be sent."""
        text = None if kwargs else numbers_text(args, self.numbers_limit)
        if text is not None:
            return text
        argsrepr, kwargsrepr = map(_unescaped, self._texts.reprs(args, kwargs))
        if self._dump is not None:
            body = self._dump(args, kwargs, self._embed)
        else:
            body = b"[%b, %b%b" % (json_of(args), json_of(kwargs), self._body_tail)
        return argsrepr, kwargsrepr, body

    @property
    def numbers_limit(self) -> int:
        """The limit with which `arguments.numbers_text` may stand in for `write`; 0: it may not."""
        return self._texts.numbers_limit if self._dump is None else 0

    def on_page(self, id_head: str, tag_head: str) -> "AmqpPageStencil":
        """For tasks whose ids begin like this; there are no delivery tags here."""
        number_tail = b"], {}" + self._body_tail
        return AmqpPageStencil(self._pieces, self._group, number_tail, id_head.encode())


class AmqpPageStencil:
    """Pieces into which ids need only be completed."""

    __slots__ = ("_fixed", "_id_head", "_number_tail", "_pieces")

    def __init__(self, pieces: Pieces, group: bytes, number_tail: bytes, id_head: bytes) -> None:
        before, task_id, before_group, place, root_id, args, kwargs, last, after, end = pieces
        self._number_tail = number_tail
        self._id_head = id_head
        self._pieces = (
            before,
            task_id + b"S",
            before_group + group + place,
            root_id + b"S",
            args + b"S",
            kwargs + b"S",
            last + after,
            end,
        )
        headers = (task_id, before_group, group, place, root_id, args, kwargs, last)
        texts = 4  # id, root id, argsrepr, kwargsrepr: a kind and a length each
        self._fixed = sum(map(len, headers)) + texts * 5 + 2 * len(id_head)

    def messages(
        self,
        written: Iterable[Written],
        places: Iterable[bytes],
        ids: Iterable[bytes],
        tags: Iterable[bytes],
    ) -> list[Made]:
        """The messages. ``places`` are those in the group, as text; ``ids`` complete the head."""
        before, at_id, at_place, at_root, at_args, at_kwargs, after, end = self._pieces
        head, fixed, number_tail = self._id_head, self._fixed, self._number_tail
        made = []
        id_size = -1
        for arguments, place, task_id, _ in zip(written, places, ids, tags, strict=True):
            if isinstance(arguments, bytes):
                argsrepr, kwargsrepr = arguments, _NO_KWARGS
                body = b"[[" + numbers_json(arguments) + number_tail
            else:
                argsrepr, kwargsrepr, body = arguments
            if len(task_id) != id_size:
                id_size = len(task_id)
                long = _LENGTH(len(head) + id_size) + head
                correlation = after + bytes((len(head) + id_size,)) + head
            index = b"V" if place == NO_PLACE else _INDEX(b"I", int(place))
            size = fixed + 2 * id_size + len(index) + len(argsrepr) + len(kwargsrepr)
            parts = (
                before, _LENGTH(size), at_id, long, task_id, at_place, index, at_root, long,
                task_id, at_args, _LENGTH(len(argsrepr)), argsrepr, at_kwargs,
                _LENGTH(len(kwargsrepr)), kwargsrepr, correlation, task_id, end,
            )  # fmt: skip
            made.append((b"".join(parts), body))
        return made


def _unescaped(text: bytes) -> bytes:
    """A text as it stands in a JSON string, as it is."""
    if b"\\" not in text:
        return text
    return str(json.loads(b'"%b"' % text)).encode("utf-8", "surrogatepass")
