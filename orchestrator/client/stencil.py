"""Fills in the holes of a message template, for many tasks at a time.

What is the same for all tasks of a group, and what their ids begin with, is put together once; a
message is then one `bytes.join`.
"""

from binascii import b2a_base64
from collections.abc import Iterable, Mapping
from typing import Any

from orchestrator.client.arguments import (
    ArgumentTexts,
    Dump,
    json_of,
    numbers_json,
    numbers_text,
)

Written = bytes | tuple[bytes, bytes, bytes]
"""Arguments, ready to be put into a message: the text of a tuple of numbers, when there are no
keywords; else argsrepr, kwargsrepr and the encoded body."""

NO_PLACE = b"null"
"""The place in its group of a task without one."""


class Stencil:
    """What stands between the holes: body, id, place in the group, root id, argsrepr, kwargsrepr,
    correlation id, delivery tag. ``embed`` is the third part of the body; ``dump`` serialises the
    body, None for JSON."""

    __slots__ = ("_body_tail", "_dump", "_embed", "_pieces", "_texts")

    def __init__(
        self,
        pieces: tuple[bytes, ...],
        embed: Mapping[str, Any],
        dump: Dump | None,
        texts: ArgumentTexts,
    ) -> None:
        self._pieces = pieces
        self._embed = embed
        self._dump = dump
        self._texts = texts
        self._body_tail = b", %b]" % json_of(embed) if dump is None else b""

    def write(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Written:
        """Raises what Celery and kombu raise for arguments that cannot be sent."""
        text = None if kwargs else numbers_text(args, self.numbers_limit)
        if text is not None:
            return text
        argsrepr, kwargsrepr = self._texts.reprs(args, kwargs)
        if self._dump is not None:
            body = self._dump(args, kwargs, self._embed)
        else:
            body = b"[%b, %b%b" % (json_of(args), json_of(kwargs), self._body_tail)
        return argsrepr, kwargsrepr, b2a_base64(body, newline=False)

    @property
    def numbers_limit(self) -> int:
        """The limit with which `arguments.numbers_text` may stand in for `write`; 0: it may not."""
        return self._texts.numbers_limit if self._dump is None else 0

    def on_page(self, id_head: str, tag_head: str) -> "PageStencil":
        """For tasks whose ids and delivery tags begin like this."""
        number_tail = b"], {}" + self._body_tail
        return PageStencil(self._pieces, number_tail, id_head.encode(), tag_head.encode())


class PageStencil:
    """Pieces into which ids need only be completed."""

    __slots__ = ("_number_tail", "_pieces")

    def __init__(
        self, pieces: tuple[bytes, ...], number_tail: bytes, id_head: bytes, tag_head: bytes
    ) -> None:
        body, task_id, place, root_id, args, kwargs, correlation_id, tag, end = pieces
        self._number_tail = number_tail
        self._pieces = (
            body,
            task_id + id_head,
            place,
            root_id + id_head,
            args,
            kwargs,
            correlation_id + id_head,
            tag + tag_head,
            end,
        )

    def messages(
        self,
        written: Iterable[Written],
        places: Iterable[bytes],
        ids: Iterable[bytes],
        tags: Iterable[bytes],
    ) -> list[bytes]:
        """The messages. ``places`` are those in the group; ``ids`` and ``tags`` complete the
        heads."""
        body, before_id, place, root, args, kwargs, correlation, before_tag, end = self._pieces
        no_kwargs = kwargs + b"{}" + correlation
        number_tail = self._number_tail
        made = []
        for arguments, at, task_id, tag in zip(written, places, ids, tags, strict=True):
            parts: tuple[bytes, ...]
            if isinstance(arguments, bytes):
                encoded = b2a_base64(b"[[" + numbers_json(arguments) + number_tail, newline=False)
                parts = (
                    body, encoded, before_id, task_id, place, at, root, task_id, args, arguments,
                    no_kwargs, task_id, before_tag, tag, end,
                )  # fmt: skip
            else:
                argsrepr, kwargsrepr, encoded = arguments
                parts = (
                    body, encoded, before_id, task_id, place, at, root, task_id, args, argsrepr,
                    kwargs, kwargsrepr, correlation, task_id, before_tag, tag, end,
                )  # fmt: skip
            made.append(b"".join(parts))
        return made
