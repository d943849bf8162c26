"""Celery's result objects, made only when somebody asks for them.

A group of 10,000 would otherwise cost as many objects, which few programs ever look at.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from celery import Celery
from vine import barrier

from orchestrator.client.kinds import Kind


class LaterResult:
    """What `made` gives is still bound to no backend; see `stock_result.bound_to`."""

    __slots__ = ()

    def made(self, result_id: str) -> Any:
        """The result object with this id: of the task, of the group, of the chord's body."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class LaterTask(LaterResult):
    """``backend`` neither stores nor subscribes."""

    kind: Kind
    backend: Any

    def made(self, result_id: str) -> Any:
        result = self.kind.result(result_id)
        result.backend = self.backend
        result.ignored = self.kind.ignored
        return result


@dataclass(frozen=True, slots=True)
class Members:
    """The tasks of a group: their ids, and from which of them on they are of which kind."""

    ids: Sequence[str]
    kinds: Sequence[tuple[int, Kind]]
    backend: Any

    def results(self) -> Iterator[Any]:
        begins = [begin for begin, _ in self.kinds]
        ends = [*begins[1:], len(self.ids)]
        for (begin, kind), end in zip(self.kinds, ends, strict=True):
            for index in range(begin, end):
                result = kind.result(self.ids[index])
                result.backend = self.backend
                yield result


@dataclass(frozen=True, slots=True)
class LaterGroup(LaterResult):
    """The GroupResult of a flat group."""

    app: Celery
    members: Members

    def made(self, result_id: str) -> Any:
        results = list(self.members.results())
        return self.app.GroupResult(result_id, results, ready_barrier=_barrier_of(results))


@dataclass(frozen=True, slots=True)
class LaterChord(LaterResult):
    """The result of a chord's body, whose parent (the header) has only its first task so far."""

    body: Any
    header: LaterResult

    def made(self, result_id: str) -> Any:
        self.body.parent = self.header.made(self.body.parent.id)
        return self.body


@dataclass(frozen=True, slots=True)
class LaterProduced(LaterResult):
    """The GroupResult of a group that a generator gave: members by template, and single results
    that Celery has made itself, in order."""

    app: Celery
    members: list[Any]

    def made(self, result_id: str) -> Any:
        results: list[Any] = []
        for part in self.members:
            results += part.results() if isinstance(part, Members) else [part]
        return self.app.GroupResult(result_id, results, ready_barrier=_barrier_of(results))


def _barrier_of(results: Sequence[Any]) -> Any:
    """As `group.apply_async` makes it."""
    ready = barrier()
    for result in results:
        ready.size += 1
        result.then(ready, weak=True)
    ready.finalize()
    return ready
