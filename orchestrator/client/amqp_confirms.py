"""Which published messages the broker has confirmed: the bookkeeping of publisher confirms.

On a channel in confirm mode every message has a number, counted from 1. The broker acknowledges
numbers one by one, in any order, or all up to one ("multiple"); it refuses some (nack) and hands
back (return, before their ack) those that no queue takes.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Returned:
    """A message that no queue takes, as the broker handed it back."""

    task_id: str
    exchange: str
    routing_key: str
    why: str


@dataclass(slots=True, eq=False)
class Batch:
    """Messages that were written together, and what the broker said of them.

    ``settled`` is done when the broker has answered for each, or raises when it never will: then
    ``unanswered`` has the ids of those that it said nothing about. ``task_ids`` has "" for what is
    not a task.
    """

    task_ids: Sequence[str]
    first: int
    settled: asyncio.Future[None]
    missing: int
    refused: list[str] = field(default_factory=list)
    returned: list[Returned] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)

    def id_of(self, number: int) -> str:
        return self.task_ids[number - self.first]


class Confirms:
    """The messages of one channel that are not confirmed yet."""

    def __init__(self) -> None:
        self._last = 0
        self._low = 0
        """Every number up to here has been answered."""
        self._open: dict[int, Batch] = {}
        self._returned: dict[str, Returned] = {}

    def __len__(self) -> int:
        return len(self._open)

    def add(self, task_ids: Sequence[str]) -> Batch:
        """Number the messages that are about to be written, in this order."""
        first = self._last + 1
        self._last += len(task_ids)
        settled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        settled.add_done_callback(_retrieved)
        batch = Batch(task_ids, first, settled, len(task_ids))
        for number in range(first, self._last + 1):
            self._open[number] = batch
        if not task_ids:
            settled.set_result(None)
        return batch

    def returned(self, message: Returned) -> None:
        """A message came back; its ack follows."""
        self._returned[message.task_id] = message

    def ack(self, number: int, *, multiple: bool) -> None:
        self._answer(number, multiple, refused=False)

    def nack(self, number: int, *, multiple: bool) -> None:
        self._answer(number, multiple, refused=True)

    def lose(self, reason: Callable[[], BaseException]) -> None:
        """The broker will not answer any more."""
        lost, self._open = self._open, {}
        for number, batch in lost.items():
            batch.unanswered.append(batch.id_of(number))
        for batch in dict.fromkeys(lost.values()):
            if not batch.settled.done():
                batch.settled.set_exception(reason())

    def give_up(self, batch: Batch) -> None:
        """Nobody waits any longer for what the broker has not said of this batch."""
        for number in range(batch.first, batch.first + len(batch.task_ids)):
            if self._open.pop(number, None) is not None:
                batch.unanswered.append(batch.id_of(number))

    def _answer(self, number: int, multiple: bool, *, refused: bool) -> None:
        numbers = range(self._low + 1, number + 1) if multiple else (number,)
        if multiple:
            self._low = max(self._low, number)
        for each in numbers:
            if (batch := self._open.pop(each, None)) is not None:
                self._settle(batch, each, refused)

    def _settle(self, batch: Batch, number: int, refused: bool) -> None:
        if refused:
            batch.refused.append(batch.id_of(number))
        if self._returned and (back := self._returned.pop(batch.id_of(number), None)) is not None:
            batch.returned.append(back)
        batch.missing -= 1
        if not batch.missing and not batch.settled.done():
            batch.settled.set_result(None)


def _retrieved(future: asyncio.Future[None]) -> None:
    """Nobody waits any more when the submit was cancelled: then its failure is no news."""
    if not future.cancelled():
        future.exception()
