"""What one canvas waits for: results come in by id, a value or an error comes out."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from celery import states

from orchestrator.client.result_tree import ResultTree, Shape
from orchestrator.records import TaskResult


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a canvas ended: ``value``, or ``error`` (an exception) when a task of it failed.

    ``id`` is that of the canvas's last task or of its group. ``state`` is Celery's: SUCCESS,
    FAILURE, REVOKED, or IGNORED when there is no result to come.
    """

    id: str
    state: str
    value: Any
    error: BaseException | None


class Join:
    """The results of one canvas, as far as they are known.

    ``failed`` is the first failure among all its tasks; ``complete`` says that the value can be
    built.
    """

    __slots__ = ("_futures", "_missing", "_on_end", "_results", "ended", "failed", "tree")

    def __init__(self, tree: ResultTree) -> None:
        self.tree = tree
        self.failed: TaskResult | None = None
        self.ended: BaseException | None = None
        """Why nothing more will come (the client was closed)."""
        self._results: dict[str, TaskResult] = {}
        self._missing = len(tree.leaves)
        self._futures: list[tuple[asyncio.Future[None], bool]] = []
        self._on_end: Callable[[], None] | None = None

    @property
    def complete(self) -> bool:
        return self._missing == 0

    @property
    def done(self) -> bool:
        return self._missing == 0 or self.failed is not None

    def deliver(self, result: TaskResult) -> None:
        """A task of the canvas has ended. Repeated results change nothing."""
        if result.id in self._results or self.complete:
            return
        if result.id in self.tree.leaves:
            self._results[result.id] = result
            self._missing -= 1
        if self.failed is None and result.state in states.PROPAGATE_STATES:
            self.failed = result
        if self.done:
            self._wake()

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
        self._futures.append(entry)
        timer = (
            None if timeout_s is None else loop.call_later(max(0.0, timeout_s), _release, future)
        )
        try:
            await future
        finally:
            self._futures.remove(entry)
            if timer is not None:
                timer.cancel()
        return self._is_over(propagate)

    def value(self) -> Any:
        """The canvas's value, with exceptions in the place of results that are failures."""
        return self._build(self.tree.shape)

    def outcome(self) -> Outcome:
        """How it ended; call it when `done`."""
        if (failed := self.failed) is not None:
            return Outcome(self.tree.id, failed.state, None, failed.error)
        state = states.IGNORED if self.tree.shape is None else states.SUCCESS
        return Outcome(self.tree.id, state, self.value(), None)

    def _build(self, shape: Shape) -> Any:
        if shape is None:
            return None
        if isinstance(shape, str):
            result = self._results[shape]
            return result.value if result.error is None else result.error
        return [self._build(member) for member in shape]

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
