"""Many messages of few kinds, which are written out only when they are sent, a chunk at a time."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestrator.client.ids import PAGE, PLACES, IdRange
from orchestrator.client.kinds import Kind
from orchestrator.client.stencil import NO_PLACE, PageStencil, Stencil, Written

CHUNK = 512
"""Messages that are written out at a time; a page of ids is a whole number of chunks."""

Push = tuple[Any, list[Any]]
"""Where messages go (a Redis list; an exchange and a routing key), and the messages."""


@dataclass(slots=True)
class Run:
    """Consecutive tasks of one kind; ``begin`` is the first one's index among all."""

    kind: Kind
    stencil: Stencil
    begin: int
    written: list[Written] = field(default_factory=list)


class Messages:
    """The messages of one canvas (or of several single tasks).

    ``ids`` are those of the tasks, one for each. ``grouped`` tells whether the index of a task,
    counted from ``first`` on, is its place in a group.
    """

    __slots__ = ("_first", "_grouped", "_runs", "_tags", "ids")

    def __init__(
        self,
        runs: Sequence[Run],
        ids: Sequence[str],
        tags: IdRange,
        *,
        grouped: bool,
        first: int = 0,
    ) -> None:
        self._runs = runs
        self._tags = tags
        self._grouped = grouped
        self._first = first
        self.ids = ids

    def __len__(self) -> int:
        return len(self.ids)

    def pushes(self) -> Iterator[Push]:
        """The messages in order, at most `CHUNK` at a time."""
        pages: dict[int, tuple[int, PageStencil]] = {}
        for run in self._runs:
            for begin, end in _chunks(run.begin, run.begin + len(run.written)):
                page, place = divmod(begin, PAGE)
                if pages.get(id(run.stencil), (-1,))[0] != page:
                    pages[id(run.stencil)] = (page, self._stencil(run.stencil, page))
                tags = PLACES[place : place + end - begin]
                made = pages[id(run.stencil)][1].messages(
                    run.written[begin - run.begin : end - run.begin],
                    self._places(begin, end),
                    tags if isinstance(self.ids, IdRange) else _encoded(self.ids[begin:end]),
                    tags,
                )
                yield run.kind.target, made

    def _stencil(self, stencil: Stencil, page: int) -> PageStencil:
        id_head = self.ids.head(page) if isinstance(self.ids, IdRange) else ""
        return stencil.on_page(id_head, self._tags.head(page))

    def _places(self, begin: int, end: int) -> Iterable[bytes]:
        if self._grouped:
            return [b"%d" % index for index in range(self._first + begin, self._first + end)]
        return [NO_PLACE] * (end - begin)


def _encoded(ids: Iterable[str]) -> list[bytes]:
    return [task_id.encode() for task_id in ids]


def _chunks(begin: int, end: int) -> Iterator[tuple[int, int]]:
    while begin < end:
        at = min(end, (begin // CHUNK + 1) * CHUNK)
        yield begin, at
        begin = at
