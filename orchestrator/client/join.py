"""What one canvas waits for: results come in by id, a value or an error comes out."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from celery import states

from orchestrator.client.pending import Pending
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


class Join(Pending):
    """The results of one canvas, as far as they are known."""

    __slots__ = ("_missing", "_results", "tree")

    def __init__(self, tree: ResultTree) -> None:
        super().__init__()
        self.tree = tree
        self._results: dict[str, TaskResult] = {}
        self._missing = len(tree.leaves)

    @property
    def id(self) -> str:
        return self.tree.id

    @property
    def leaves(self) -> Collection[str]:
        """The tasks that the value is made of."""
        return self.tree.leaves

    @property
    def parents(self) -> Collection[str]:
        """The tasks whose failure is the canvas's."""
        return self.tree.parents

    @property
    def complete(self) -> bool:
        return self._missing == 0

    @property
    def task_ids(self) -> list[str]:
        """The tasks whose results are waited for, sorted."""
        return sorted({*self.tree.leaves, *self.tree.parents} or {self.id})

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
