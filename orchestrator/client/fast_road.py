"""The fast road: flat groups, chords with a flat header and single tasks, made by template.

A canvas takes it when every task in it is plain: Celery's own `apply_async`, options that mean the
same for all, nothing that must see each task (`kinds.py`). Everything else, and whatever is in any
doubt, is left to Celery's own code (`capture.py`): the general road. Both give the same messages.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from celery import Celery
from celery.canvas import Signature, _chord, group

from orchestrator.client.capture import Captured, Capturer
from orchestrator.client.collector import Collector
from orchestrator.client.ids import PAGE, IdRange, IdSource
from orchestrator.client.ignored import ignored_ids
from orchestrator.client.join import Join
from orchestrator.client.kinds import Dialect, Kind, Kinds
from orchestrator.client.later_result import LaterChord, LaterGroup, LaterTask, Members
from orchestrator.client.messages import Messages
from orchestrator.client.plain_joins import GroupJoin, OnEnd, StreamBlock, TaskJoin
from orchestrator.client.produced import Opened, ProducedRoad
from orchestrator.client.produced_join import BodyPart, ProducedJoin
from orchestrator.client.result_tree import ResultTree, result_tree
from orchestrator.client.tracing import trace_headers

_EMBED: Mapping[str, Any] = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
"""The third part of the body of a task without links and chord."""

_WORTH_LEARNING = 16
"""Inside an OpenTelemetry trace every message is of a kind of its own; that pays from here on."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A canvas on the fast road. ``result`` becomes Celery's result object when it is asked for.
    Single tasks that are sent together have one ``captured``."""

    captured: Captured
    join: Any
    result: Any


class FastRoad:
    """For one app; ``dialect`` is that of its broker, Redis's if not told otherwise."""

    def __init__(
        self, app: Celery, capturer: Capturer, ids: IdSource, dialect: Dialect | None = None
    ) -> None:
        self._app = app
        self._capturer = capturer
        self._ids = ids
        self._tags = IdSource()
        self._kinds = Kinds(app, capturer, dialect)
        self.produced = ProducedRoad(app, capturer, ids, self._kinds)

    async def take(self, signature: Any) -> Taken | None:
        """None when the canvas must take the general road. Raises what `apply_async` raises."""
        kind = type(signature)
        if kind is Signature:
            taken = self.take_tasks((signature,))
            return None if taken is None else taken[0]
        if kind not in (group, _chord) or not self._kinds.usable() or not self._is_bare(signature):
            return None
        if kind is group:
            return await self._group(signature)
        return await self._chord(signature)

    async def take_many(self, signatures: Sequence[Any], first: int, on_end: OnEnd) -> Taken | None:
        """Single tasks, whose ends are told one by one; ``first`` is the index of the first.

        None when one of them is not plain, brings its own id, or leaves no result.
        """
        if not self._kinds.usable() or trace_headers():
            return None
        collector = Collector(self._kinds, None, _EMBED)
        if not await collector.take_all(signatures) or collector.ids or collector.ignored():
            return None
        ids = self._ids.take(collector.count)
        tags = self._tags.take(collector.count)
        messages = Messages(collector.runs, ids, tags, grouped=False)
        block = StreamBlock(self._app, ids, first, on_end)
        return Taken(Captured(None, [], [], messages=messages), block, None)

    def open_produced(self, signature: Any, first: Any) -> Opened | None:
        """Begin a group or chord whose ``first`` member is known; None when Celery's own code must
        send the whole of it."""
        if not self._kinds.usable() or not self._is_bare(signature):
            return None
        if type(signature) is group:
            group_id = self._ids()
            return Opened(group_id, _EMBED, None, ProducedJoin(group_id))
        parts = signature["kwargs"]
        if parts.keys() != {"header", "body", "kwargs"} or parts["kwargs"]:
            return None
        captured = self._body_of(first, parts.get("body"), PAGE)
        plain = captured is not None
        captured = captured or self._chord_of_one(first, parts.get("body"))
        if captured is None:
            return None
        body = BodyPart(self._chord_tree(captured, (), frozenset()))
        return Opened(
            captured.result.parent.id,
            captured.published[0].embed,
            captured,
            ProducedJoin(captured.result.id, body),
            plain=plain,
        )

    def _is_bare(self, signature: Any) -> bool:
        """A group or chord without options and arguments of its own."""
        return (
            signature._app in (None, self._app)
            and not signature.get("options")
            and not signature.get("args")
        )

    def take_tasks(self, signatures: Sequence[Any]) -> list[Taken] | None:
        """Single tasks, which are sent together. None when one of them is not plain, or some bring
        their own ids and others do not. Raises what `apply_async` raises."""
        if any(type(signature) is not Signature for signature in signatures):
            return None
        if trace_headers() or not self._kinds.usable():
            return None
        collector = Collector(self._kinds, None, _EMBED)
        if not collector.take_few(signatures):
            return None
        ids = collector.ids or [self._ids() for _ in signatures]
        tags = self._tags.take(collector.count)
        messages = Messages(collector.runs, ids, tags, grouped=False)
        captured = Captured(None, [], [], messages=messages)
        taken: list[Taken] = []
        for run in collector.runs:
            later = LaterTask(run.kind, self._capturer.backend)
            taken += [
                Taken(captured, _task_join(task_id, run.kind), later)
                for task_id in ids[run.begin : run.begin + len(run.written)]
            ]
        return taken

    async def _group(self, signature: Any) -> Taken | None:
        tasks = _flat(signature["kwargs"].get("tasks"))
        if signature["kwargs"].keys() != {"tasks"} or not tasks:
            return None
        group_id = self._ids()
        collector = Collector(self._kinds, group_id, _EMBED)
        if not await self._collect(collector, tasks):
            return None
        messages, members = self._made(collector)
        return Taken(
            Captured(None, [], [], messages=messages),
            _group_join(group_id, messages.ids, collector.ignored()),
            LaterGroup(self._app, members),
        )

    async def _chord(self, signature: Any) -> Taken | None:
        parts = signature["kwargs"]
        tasks, body = _flat(parts.get("header")), parts.get("body")
        if parts.keys() != {"header", "body", "kwargs"} or parts["kwargs"] or not tasks:
            return None
        captured = self._body_of(tasks[0], body, len(tasks))
        if captured is None:
            return None
        group_id = captured.result.parent.id
        collector = Collector(self._kinds, group_id, captured.published[0].embed)
        if not await self._collect(collector, tasks):
            return None
        messages, members = self._made(collector)
        return Taken(
            Captured(captured.result, [], [], captured.backend, messages),
            Join(self._chord_tree(captured, messages.ids, collector.ignored())),
            LaterChord(captured.result, LaterGroup(self._app, members)),
        )

    async def _collect(self, collector: Collector, tasks: Sequence[Any]) -> bool:
        if trace_headers() and len(tasks) < _WORTH_LEARNING:
            return False
        return await collector.take_all(tasks) and all(map(self._ids.owns, collector.ids))

    def _made(self, collector: Collector) -> tuple[Messages, Members]:
        ids = collector.ids or self._ids.take(collector.count)
        tags = self._tags.take(collector.count)
        kinds = [(run.begin, run.kind) for run in collector.runs]
        return (
            Messages(collector.runs, ids, tags, grouped=True),
            Members(ids, kinds, self._capturer.backend),
        )

    def _body_of(self, first: Any, body: Any, size: int) -> Captured | None:
        """What Celery makes of the chord with only its first task: the body, frozen, and what the
        backend must know. None when the template would not make the first task's message so."""
        if type(first) is not Signature or (kind := self._kinds.of(first, grouped=True)) is None:
            return None
        prototype = _chord([first], body=body)
        prototype._app = self._app
        try:
            captured = self._capturer.capture_chord(prototype, size)
            [sample] = self._kinds.dialect.samples(captured, first, captured.result.parent.id)
            kind.template.check(sample)
        except Exception:  # what is wrong with the chord is said where it is sent in earnest
            return None
        return captured

    def _chord_of_one(self, first: Any, body: Any) -> Captured | None:
        """The chord with only its first task, where no template fits the messages of its kind."""
        if type(first) is not Signature:
            return None
        prototype = _chord([first], body=body)
        prototype._app = self._app
        captured = self._capturer.capture_chord(prototype, PAGE)
        alone = len(captured.published) == 1 and captured.published[0].embed.get("chord")
        return captured if alone and captured.result.parent is not None else None

    def _chord_tree(
        self, captured: Captured, ids: Sequence[str], ignored: Container[int]
    ) -> ResultTree:
        tree = result_tree(captured.result, ignored_ids(self._app, captured.published))
        header = [task_id for place, task_id in enumerate(ids) if place not in ignored]
        later = [task_id for task_id in tree.parents if task_id != captured.published[0].id]
        return ResultTree(tree.id, tree.shape, tree.leaves, (*header, *later))


def _task_join(task_id: str, kind: Kind) -> Any:
    if kind.ignored:
        return Join(ResultTree(task_id, None, frozenset(), ()))
    return TaskJoin(task_id)


def _flat(tasks: Any) -> Sequence[Any]:
    """The tasks of a group or header; empty for what is none. A generator is used up here; the
    signature keeps what it gave."""
    return list(tasks) if isinstance(tasks, list | tuple) else ()


def _group_join(group_id: str, ids: Sequence[str], ignored: frozenset[int]) -> Join | GroupJoin:
    if isinstance(ids, IdRange):
        return GroupJoin(group_id, ids, ignored)
    shape = tuple(None if place in ignored else task_id for place, task_id in enumerate(ids))
    return Join(ResultTree(group_id, shape, frozenset(filter(None, shape)), ()))
