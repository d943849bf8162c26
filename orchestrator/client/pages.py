"""Who waits for a whole range of results.

A range stands on pages of ids with the same beginning (`ids.py`). The channel of a result, without
its last three digits, is therefore found in a dictionary of pages, and these digits are the place
on the page: nothing is kept for a single task.
"""

from collections.abc import Iterator
from typing import Protocol

from orchestrator.client.ids import PAGE, PLACE_DIGITS, PLACES, IdRange
from orchestrator.records import TaskResult

_PLACE_OF = {digits: place for place, digits in enumerate(PLACES)}


class Block(Protocol):
    """Waits for all results of a range."""

    ids: IdRange

    @property
    def complete(self) -> bool: ...

    def waits_for(self, place: int) -> bool: ...

    def succeed(self, place: int, value: object) -> None: ...

    def deliver_at(self, place: int, result: TaskResult) -> None: ...

    def end(self, why: BaseException) -> None: ...


class Pages:
    """``key_prefix`` is what stands before the task's id in a channel's name."""

    __slots__ = ("_key_prefix", "_pages")

    def __init__(self, key_prefix: bytes) -> None:
        self._key_prefix = key_prefix
        self._pages: dict[bytes, tuple[Block, int]] = {}

    def __len__(self) -> int:
        return len(self._pages)

    def add(self, block: Block) -> None:
        """Deliver to this block from now on."""
        for page in range(block.ids.pages):
            self._pages[self._head(block, page)] = (block, page * PAGE)

    def discard(self, block: Block) -> None:
        """Deliver no more to this block."""
        for page in range(block.ids.pages):
            self._pages.pop(self._head(block, page), None)

    def find(self, channel: bytes) -> tuple[Block, int] | None:
        """The block that waits for the result on this channel, and the place in it."""
        page = self._pages.get(channel[:-PLACE_DIGITS])
        if page is None:
            return None
        block, first = page
        place = _PLACE_OF.get(channel[-PLACE_DIGITS:])
        return None if place is None else (block, first + place)

    def outstanding(self) -> Iterator[str]:
        """The ids that are still waited for."""
        for block, first in list(self._pages.values()):
            for place in range(first, min(first + PAGE, len(block.ids))):
                if block.waits_for(place):
                    yield block.ids[place]

    def end(self, why: BaseException) -> None:
        """Nothing more will come, for anyone."""
        pages, self._pages = self._pages, {}
        for block in {id(block): block for block, _ in pages.values()}.values():
            block.end(why)

    def _head(self, block: Block, page: int) -> bytes:
        return self._key_prefix + block.ids.head(page).encode()
