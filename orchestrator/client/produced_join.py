"""What a group or chord waits for whose members are still being produced: it grows with each page
that is sent."""

from collections.abc import Sequence
from typing import Any

from celery import states

from orchestrator.client.ids import IdRange
from orchestrator.client.join import Join, Outcome
from orchestrator.client.pending import Pending
from orchestrator.client.plain_joins import GroupJoin
from orchestrator.client.result_tree import ResultTree
from orchestrator.records import TaskResult


class ProducedJoin(Pending):
    """Several joins that are waited for as one: ``pages`` are those of the members in order,
    ``body`` that of a chord's body. Without a body the members' values are the value."""

    __slots__ = ("_sealed", "body", "id", "pages")

    def __init__(self, canvas_id: str, body: "BodyPart | None" = None) -> None:
        super().__init__()
        self.id = canvas_id
        self.body = body
        self.pages: list[PagePart | MemberPart] = []
        self._sealed = False
        if body is not None:
            body.whole = self

    def add(self, page: "PagePart | MemberPart") -> None:
        """Wait for these members too."""
        page.whole = self
        self.pages.append(page)

    def seal(self) -> None:
        """There are no further members."""
        self._sealed = True
        self.part_woke(None)

    @property
    def parts(self) -> Sequence[Pending]:
        return self.pages if self.body is None else [*self.pages, self.body]

    @property
    def complete(self) -> bool:
        if self.body is not None:
            return self.body.complete
        return self._sealed and all(page.complete for page in self.pages)

    @property
    def task_ids(self) -> list[str]:
        return [task_id for part in self.parts for task_id in part.task_ids]

    def part_woke(self, part: Pending | None) -> None:
        """A part is done, has failed, or will never end."""
        if part is not None:
            self.failed = self.failed or part.failed
            self.ended = self.ended or part.ended
        if self.done or self.ended is not None:
            self._wake()

    def value(self) -> Any:
        """The canvas's value, with exceptions in the place of results that are failures."""
        if self.body is not None:
            return self.body.value()
        return [value for page in self.pages for value in page.values()]

    def outcome(self) -> Outcome:
        """How it ended; call it when `done`."""
        if (failed := self.failed) is not None:
            return Outcome(self.id, failed.state, None, failed.error)
        return Outcome(self.id, states.SUCCESS, self.value(), None)


class PagePart(GroupJoin):
    """Members made by template. With ``keeps`` false (a chord's header) only failures matter."""

    __slots__ = ("_keeps", "whole")

    def __init__(
        self, group_id: str, ids: IdRange, ignored: frozenset[int], *, keeps: bool
    ) -> None:
        super().__init__(group_id, ids, ignored)
        self._keeps = keeps
        self.whole: ProducedJoin | None = None

    def succeed(self, place: int, value: Any) -> None:
        super().succeed(place, value if self._keeps else None)

    def deliver_at(self, place: int, result: TaskResult) -> None:
        super().deliver_at(place, result)
        if not self._keeps and place < len(self._values):
            self._values[place] = None

    def values(self) -> list[Any]:
        """In order, one for each member."""
        return self.value()

    def _wake(self) -> None:
        super()._wake()
        if self.whole is not None:
            self.whole.part_woke(self)


class BodyPart(Join):
    """A chord's body, with what comes before it besides the header."""

    __slots__ = ("whole",)

    def __init__(self, tree: ResultTree) -> None:
        super().__init__(tree)
        self.whole: ProducedJoin | None = None

    def _wake(self) -> None:
        super()._wake()
        if self.whole is not None:
            self.whole.part_woke(self)


class MemberPart(BodyPart):
    """One member that Celery's own code has sent."""

    __slots__ = ()

    def values(self) -> list[Any]:
        """One value: the member's."""
        return [self.value()]
