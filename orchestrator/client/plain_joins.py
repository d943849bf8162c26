"""What a single task and a flat group wait for, in little memory: a million may be out."""

from collections.abc import Iterable
from typing import Any

from celery import states

from orchestrator.client.ids import IdRange
from orchestrator.client.join import Outcome
from orchestrator.client.pending import Pending
from orchestrator.client.result_tree import ResultTree
from orchestrator.records import TaskResult

_MISSING: Any = object()


class TaskJoin(Pending):
    """One task. Only for a task whose result is not ignored."""

    __slots__ = ("_result", "id")

    def __init__(self, task_id: str) -> None:
        super().__init__()
        self.id = task_id
        self._result: TaskResult | None = None

    @property
    def tree(self) -> ResultTree:
        return ResultTree(self.id, self.id, frozenset((self.id,)), ())

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
