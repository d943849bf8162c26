"""What one canvas waits for, as seen by those who wait: when it is over, and who is told."""

import asyncio
from collections.abc import Callable, Sequence

from orchestrator.client.ids import IdRange
from orchestrator.records import TaskResult

_Waiter = tuple["asyncio.Future[None]", bool]


class Pending:
    """The base of the joins. ``failed`` is the first failure among all the canvas's tasks;
    ``ended`` says why nothing more will come (the client was closed)."""

    __slots__ = ("_futures", "_on_end", "ended", "failed")

    ids: IdRange | None = None
    """The ids that are waited for, when they are a range and each has its place in the value."""

    def __init__(self) -> None:
        self.failed: TaskResult | None = None
        self.ended: BaseException | None = None
        self._futures: Sequence[_Waiter] = ()
        self._on_end: Callable[[], None] | None = None

    @property
    def complete(self) -> bool:
        """True when the value can be built."""
        raise NotImplementedError

    @property
    def task_ids(self) -> list[str]:
        """The tasks whose results are waited for."""
        raise NotImplementedError

    @property
    def parts(self) -> "Sequence[Pending]":
        """What results are delivered to: itself, unless it is made of several."""
        return (self,)

    @property
    def done(self) -> bool:
        return self.failed is not None or self.complete

    def end(self, why: BaseException) -> None:
        """Nothing more will come: who waits gets ``why``."""
        self.ended = why
        self._wake()

    def on_end(self, callback: Callable[[], None]) -> None:
        """Call once, when the canvas is done or will never be; at once if it is already."""
        if self.done or self.ended is not None:
            callback()
        else:
            self._on_end = callback

    async def wait(self, timeout_s: float | None, *, propagate: bool) -> bool:
        """Wait until done (with ``propagate``) or complete; False when the time ran out first."""
        if self._is_over(propagate):
            return True
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        entry = (future, propagate)
        self._futures = [*self._futures, entry]
        timer = (
            None if timeout_s is None else loop.call_later(max(0.0, timeout_s), _release, future)
        )
        try:
            await future
        finally:
            self._futures = [waiter for waiter in self._futures if waiter is not entry]
            if timer is not None:
                timer.cancel()
        return self._is_over(propagate)

    def _is_over(self, propagate: bool) -> bool:
        return self.complete or self.ended is not None or (propagate and self.failed is not None)

    def _wake(self) -> None:
        for future, propagate in self._futures:
            if not future.done() and self._is_over(propagate):
                future.set_result(None)
        if self._on_end is not None:
            callback, self._on_end = self._on_end, None
            callback()


def _release(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
