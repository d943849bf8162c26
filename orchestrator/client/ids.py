"""Task ids that are valid UUIDs, are told apart from all others, and need one subscription for all.

Every id of one source is ``xxxxxxxx-xxxx-4xxx-yxxx-<counter>``: a UUID version 4 whose first four
groups are random and fixed for the source, and whose last group, twelve hexadecimal digits, counts
up. The channels of all their results therefore match one pattern, and one PSUBSCRIBE sees exactly
them. Ids that are taken many at a time stand in pages of 4,096: all of a page have the same
beginning, and the last three digits are the place in it, so none of them need ever be written out.
"""

from collections.abc import Iterator, Sequence
from itertools import count
from threading import Lock
from typing import overload
from uuid import uuid4

PREFIX_LENGTH = len("xxxxxxxx-xxxx-4xxx-yxxx-")
COUNTER_DIGITS = 12
PLACE_DIGITS = 3
PAGE: int = 16**PLACE_DIGITS
"""Ids of one page."""

PLACES: tuple[bytes, ...] = tuple(b"%03x" % place for place in range(PAGE))
"""How the ids of a page end, in order."""

_PAGE_DIGITS = COUNTER_DIGITS - PLACE_DIGITS
_FIRST_PAGE = 8 * 16 ** (_PAGE_DIGITS - 1)
"""Pages lie above everything that counts up one by one."""


class IdRange(Sequence[str]):
    """Consecutive ids, kept as where they begin and how many they are."""

    __slots__ = ("_count", "_page", "_prefix")

    def __init__(self, prefix: str, page: int, count: int) -> None:
        self._prefix = prefix
        self._page = page
        self._count = count

    def head(self, page: int) -> str:
        """How all ids of the range's n-th page begin."""
        return f"{self._prefix}{self._page + page:0{_PAGE_DIGITS}x}"

    @property
    def pages(self) -> int:
        """On how many pages the ids stand."""
        return -(-self._count // PAGE)

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> list[str]: ...

    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(self._count))]
        if index < 0:
            index += self._count
        if not 0 <= index < self._count:
            raise IndexError(index)
        page, place = divmod(index, PAGE)
        return f"{self.head(page)}{place:0{PLACE_DIGITS}x}"

    def __iter__(self) -> Iterator[str]:
        return (self[index] for index in range(self._count))


class IdSource:
    """Gives ids; may be called from any thread."""

    __slots__ = ("_counter", "_next_page", "_paging", "prefix")

    def __init__(self) -> None:
        self.prefix = str(uuid4())[:PREFIX_LENGTH]
        self._counter = count(1)
        self._next_page = _FIRST_PAGE
        self._paging = Lock()

    def __call__(self) -> str:
        return f"{self.prefix}{next(self._counter):0{COUNTER_DIGITS}x}"

    def take(self, count: int) -> IdRange:
        """Many ids at once."""
        with self._paging:
            taken = IdRange(self.prefix, self._next_page, count)
            self._next_page += taken.pages
        return taken

    def owns(self, task_id: str) -> bool:
        """True when this source gave the id."""
        return task_id.startswith(self.prefix)
