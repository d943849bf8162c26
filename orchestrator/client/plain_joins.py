"""What single tasks and flat groups wait for, in little memory: a million tasks may be out."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from celery import states

from orchestrator.client.decoding import raise_error
from orchestrator.client.ids import IdRange
from orchestrator.client.join import Outcome
from orchestrator.client.pending import Pending
from orchestrator.records import TaskResult

_MISSING: Any = object()


class TaskJoin(Pending):
    """One task. Only for a task whose result is not ignored."""

    __slots__ = ("_result", "id")
    parents: Sequence[str] = ()

    def __init__(self, task_id: str) -> None:
        super().__init__()
        self.id = task_id
        self._result: TaskResult | None = None

    @property
    def leaves(self) -> Sequence[str]:
        return (self.id,)

    @property
    def task_ids(self) -> list[str]:
        return [self.id]

    @property
    def complete(self) -> bool:
        return self._result is not None

    def deliver(self, result: TaskResult) -> None:
        """The task has ended. Repeated results change nothing."""
        if self._result is not None:
            return
        self._result = result
        if result.state in states.PROPAGATE_STATES:
            self.failed = result
        self._wake()

    def value(self) -> Any:
        """The task's value, or the exception that it ended with."""
        assert self._result is not None
        return self._result.value if self._result.error is None else self._result.error

    def outcome(self) -> Outcome:
        """How it ended; call it when `done`."""
        if (failed := self.failed) is not None:
            return Outcome(self.id, failed.state, None, failed.error)
        return Outcome(self.id, states.SUCCESS, self.value(), None)


class GroupJoin(Pending):
    """The tasks of a flat group, each with its place in the list of values. ``ignored`` are the
    places of tasks that leave no result."""

    __slots__ = ("_missing", "_values", "id", "ids")

    def __init__(self, group_id: str, ids: IdRange, ignored: Iterable[int] = ()) -> None:
        super().__init__()
        self.id = group_id
        self.ids: IdRange = ids
        self._values: list[Any] = [_MISSING] * len(ids)
        for place in ignored:
            self._values[place] = None
        self._missing = self._values.count(_MISSING)

    @property
    def task_ids(self) -> list[str]:
        return list(self.ids)

    @property
    def complete(self) -> bool:
        return self._missing == 0

    def waits_for(self, place: int) -> bool:
        return place < len(self._values) and self._values[place] is _MISSING

    def succeed(self, place: int, value: Any) -> None:
        """A task gave this value. Repeated results change nothing."""
        if self.waits_for(place):
            self._values[place] = value
            self._missing -= 1
            if self._missing == 0:
                self._wake()

    def deliver_at(self, place: int, result: TaskResult) -> None:
        """A task has ended, in whatever way."""
        if not self.waits_for(place):
            return
        self._values[place] = result.value if result.error is None else result.error
        self._missing -= 1
        if self.failed is None and result.state in states.PROPAGATE_STATES:
            self.failed = result
        if self.done:
            self._wake()

    def value(self) -> list[Any]:
        """The values in order, with exceptions in the place of results that are failures."""
        return list(self._values)

    def outcome(self) -> Outcome:
        """How it ended; call it when `done`."""
        if (failed := self.failed) is not None:
            return Outcome(self.id, failed.state, None, failed.error)
        return Outcome(self.id, states.SUCCESS, self.value(), None)


class Ended:
    """How a task of a stream ended; has what a stream needs of a `Handle`."""

    __slots__ = ("_failure", "_place", "_value", "block")

    def __init__(
        self, block: "StreamBlock", place: int, value: Any, failure: TaskResult | None
    ) -> None:
        self.block = block
        self._place = place
        self._value = value
        self._failure = failure

    def done(self) -> bool:
        return True

    async def result(self) -> Any:
        """The task's value. Raises what the task raised."""
        if self._failure is not None and self._failure.state in states.PROPAGATE_STATES:
            raise_error(self._failure, self.block.app)
        return self._value

    def outcome(self) -> Outcome:
        """How it ended, as a record."""
        task_id = self.block.ids[self._place]
        if (failure := self._failure) is not None and failure.state in states.PROPAGATE_STATES:
            return Outcome(task_id, failure.state, None, failure.error)
        return Outcome(task_id, states.SUCCESS, self._value, None)


class StreamBlock:
    """Some tasks of a stream, each of them a canvas of its own. ``first`` is the index in the
    stream of the first; ``on_end`` is called with each one's index and what became of it."""

    __slots__ = ("_missing", "_on_end", "_out", "app", "first", "ids")

    def __init__(self, app: Any, ids: IdRange, first: int, on_end: "OnEnd") -> None:
        self.app = app
        self.ids = ids
        self.first = first
        self._on_end = on_end
        self._missing = bytearray(b"\1") * len(ids)
        self._out = len(ids)

    @property
    def complete(self) -> bool:
        return self._out == 0

    @property
    def parts(self) -> "tuple[StreamBlock]":
        return (self,)

    def waits_for(self, place: int) -> bool:
        return place < len(self._missing) and self._missing[place] == 1

    def succeed(self, place: int, value: Any) -> None:
        """A task gave this value. Repeated results change nothing."""
        if self.waits_for(place):
            self._end_one(place, Ended(self, place, value, None))

    def deliver_at(self, place: int, result: TaskResult) -> None:
        """A task has ended, in whatever way."""
        if self.waits_for(place):
            value = result.value if result.error is None else result.error
            self._end_one(place, Ended(self, place, value, result))

    def end(self, why: BaseException) -> None:
        """Nothing more will come: every task that is out ends with ``why``."""
        for place in range(len(self._missing)):
            if self.waits_for(place):
                self._end_one(place, _NeverEnded(self, place, why))

    def _end_one(self, place: int, ended: Ended) -> None:
        self._missing[place] = 0
        self._out -= 1
        self._on_end(self.first + place, ended)


class _NeverEnded(Ended):
    """A task whose result will never be received."""

    __slots__ = ("_why",)

    def __init__(self, block: StreamBlock, place: int, why: BaseException) -> None:
        super().__init__(block, place, None, None)
        self._why = why

    def done(self) -> bool:
        return False

    async def result(self) -> Any:
        raise self._why.with_traceback(None)


OnEnd = Callable[[int, Ended], None]
