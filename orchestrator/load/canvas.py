"""A drawn canvas node becomes a Celery signature, and what must come of it.

Each task gets its id here, before Celery sees it, so that every result, also of a later link or of
a chord's body, can be held against what was expected of that very task. Two of Celery's own
rewrites are done here instead, so that ids and inputs stay known: a group inside a group is
flattened (Celery's canvas.py does it in `_freeze_unroll`), and inside a chain a group of one is
that one (`maybe_unroll_group`)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from celery import Celery, Signature, chain, chord, group

from orchestrator.celery_app import resolve_task, task_queue
from orchestrator.records import (
    Call,
    Chain,
    Chord,
    Expectation,
    Group,
    Inputs,
    Mapped,
    Node,
    Repeat,
    Submission,
)
from orchestrator.scenario import Drawer


@dataclass(frozen=True, slots=True)
class BuiltCanvas:
    """A signature that is ready to be sent and the record of what is in it."""

    signature: Signature
    submission: Submission


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a canvas: its signature, the ids of its value, and the ids of what starts first in
    it."""

    signature: Signature
    result: Inputs
    first: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _TaskFacts:
    """What the app says of a task: itself, its full name, the queue it goes to, its reference."""

    task: Any
    name: str
    queue: str
    reference: Callable[..., Any] | None
    ignored: bool


class CanvasBuilder:
    """Builds the canvases of one workload.

    ``references`` maps ``module:function`` of ``expect: {call: ...}`` to the function; ``new_id``
    gives task ids (the client's own, so that its one subscription sees the results)."""

    def __init__(
        self,
        app: Celery,
        workload: str,
        canvas: Node,
        *,
        seed: int,
        new_id: Callable[[], str],
        references: Mapping[str, Callable[..., Any]] | None = None,
    ) -> None:
        self._app = app
        self._workload = workload
        self._drawer = Drawer(canvas, seed=seed, workload=workload)
        self._new_id = new_id
        self._references = references or {}
        self._facts: dict[tuple[str, str | None], _TaskFacts] = {}

    def build(self, iteration: int, intended_ns: int) -> BuiltCanvas:
        """Draw the arguments of this iteration and make its signature."""
        assembly = _Assembly(self, iteration)
        piece = assembly.node(self._drawer.draw(iteration), None, direct=True)
        submission = Submission(
            workload=self._workload,
            iteration=iteration,
            expectations=tuple(assembly.expectations),
            result=piece.result,
            chords=tuple(assembly.chords),
            intended_ns=intended_ns,
        )
        return BuiltCanvas(piece.signature, submission)

    def facts(self, call: Call) -> _TaskFacts:
        key = (call.task, call.queue)
        facts = self._facts.get(key)
        if facts is None:
            facts = self._facts[key] = self._look_up(call)
        return facts

    def _look_up(self, call: Call) -> _TaskFacts:
        name = resolve_task(self._app, call.task)
        task = self._app.tasks[name]
        options = {"queue": call.queue} if call.queue else {}
        return _TaskFacts(
            task=task,
            name=name,
            queue=task_queue(self._app, name, options),
            reference=getattr(task, "reference", None),
            ignored=bool(task.ignore_result),
        )

    def reference(self, call: Call, facts: _TaskFacts) -> Callable[..., Any] | None:
        if call.expect is not None and call.expect.kind == "call":
            return self._references[call.expect.value]
        return facts.reference

    @property
    def app(self) -> Celery:
        return self._app

    @property
    def workload(self) -> str:
        return self._workload

    def new_id(self) -> str:
        return self._new_id()


class _Assembly:
    """One canvas while it is put together."""

    def __init__(self, builder: CanvasBuilder, iteration: int) -> None:
        self._builder = builder
        self._iteration = iteration
        self.expectations: list[Expectation] = []
        self.chords: list[tuple[tuple[str, ...], str]] = []

    def node(self, node: Node, inputs: Inputs | None, *, direct: bool) -> _Piece:
        if isinstance(node, Call):
            return self._call(node, inputs, direct=direct)
        if isinstance(node, Group):
            return self._group(node, inputs, direct=direct)
        if isinstance(node, Chord):
            return self._chord(node, inputs, direct=direct)
        if isinstance(node, Chain):
            return self._chain(node, inputs, direct=direct)
        return self._mapped(node, inputs, direct=direct)

    def _call(self, call: Call, inputs: Inputs | None, *, direct: bool) -> _Piece:
        facts = self._builder.facts(call)
        options = {key: value for key, value in call.options.items() if not key.startswith("link")}
        if call.queue:
            options["queue"] = call.queue
        task_id = options["task_id"] = self._builder.new_id()
        signature = facts.task.signature(
            call.args, dict(call.kwargs), immutable=call.immutable, **options
        )
        taken = None if call.immutable else inputs
        self._expect(call, facts, task_id, taken, after=inputs, direct=direct)
        self._links(call, signature, task_id)
        return _Piece(signature, task_id, (task_id,))

    def _links(self, call: Call, signature: Signature, task_id: str) -> None:
        for linked in call.options.get("link", ()):
            signature.link(self.node(linked, task_id, direct=False).signature)
        for errback in call.options.get("link_error", ()):
            # An errback runs only after a failure, and Celery may call it without a task: nothing
            # is expected.
            signature.link_error(
                _Assembly(self._builder, self._iteration)
                .node(errback, None, direct=False)
                .signature
            )

    def _expect(
        self,
        call: Call,
        facts: _TaskFacts,
        task_id: str,
        inputs: Inputs | None,
        *,
        after: Inputs | None,
        direct: bool,
        mapped: Mapped | None = None,
    ) -> None:
        self.expectations.append(
            Expectation(
                id=task_id,
                task=facts.name,
                queue=facts.queue,
                workload=self._builder.workload,
                iteration=self._iteration,
                args=call.args if mapped is None else mapped.items,
                kwargs=call.kwargs,
                inputs=inputs,
                after=after,
                mapped=None if mapped is None else mapped.kind,
                expect=call.expect,
                reference=self._builder.reference(call, facts),
                direct=direct,
                ignored=facts.ignored,
            )
        )

    def _group(self, node: Group, inputs: Inputs | None, *, direct: bool) -> _Piece:
        pieces = [self.node(member, inputs, direct=direct) for member in _flat_members(node)]
        return _Piece(
            group([piece.signature for piece in pieces], app=self._builder.app),
            tuple(piece.result for piece in pieces),
            tuple(task_id for piece in pieces for task_id in piece.first),
        )

    def _chord(self, node: Chord, inputs: Inputs | None, *, direct: bool) -> _Piece:
        header = self._group(node.header, inputs, direct=direct)
        body = self.node(node.body, header.result, direct=False)
        self._joins(header.result, body.first)
        return _Piece(
            chord(header.signature, body.signature, app=self._builder.app),
            body.result,
            header.first,
        )

    def _chain(self, node: Chain, inputs: Inputs | None, *, direct: bool) -> _Piece:
        pieces: list[_Piece] = []
        value = inputs
        for link in _unrolled(node):
            piece = self.node(link, value, direct=direct and not pieces)
            if pieces and isinstance(value, tuple):
                self._joins(value, piece.first)
            pieces.append(piece)
            value = piece.result
        signature = chain(*(piece.signature for piece in pieces), app=self._builder.app)
        return _Piece(signature, pieces[-1].result, pieces[0].first)

    def _mapped(self, node: Mapped, after: Inputs | None, *, direct: bool) -> _Piece:
        if node.kind == "chunks":
            size = node.size or 1
            parts = [node.items[at : at + size] for at in range(0, len(node.items), size)]
            starmaps = tuple(replace(node, kind="starmap", items=part) for part in parts)
            return self._group(Group(starmaps), after, direct=direct)
        facts = self._builder.facts(node.call)
        task_id = self._builder.new_id()
        app = self._builder.app
        # A plain signature of `celery.map`, as it travels in a chain: Celery 5.6 sends what
        # `task.map()` gives without its options, the id among them. It takes its items by keyword,
        # so a result put in front of them would break it: it is immutable.
        signature = Signature(
            f"celery.{node.kind}",
            kwargs={"task": facts.task.s(), "it": list(node.items)},
            options={"task_id": task_id, "queue": facts.queue, "route_name": facts.name},
            immutable=True,
            app=app,
        )
        self._expect(node.call, facts, task_id, None, after=after, direct=direct, mapped=node)
        return _Piece(signature, task_id, (task_id,))

    def _joins(self, header: Inputs, body: tuple[str, ...]) -> None:
        ids = tuple(_flat_ids(header))
        self.chords.extend((ids, task_id) for task_id in body)


def _members(node: Group) -> tuple[Node, ...]:
    if isinstance(node.members, Repeat):
        raise TypeError("a canvas is drawn before it is built")
    return node.members


def _flat_members(node: Group) -> Iterator[Node]:
    for member in _members(node):
        if isinstance(member, Group):
            yield from _flat_members(member)
        else:
            yield member


def _unrolled(node: Chain) -> Iterator[Node]:
    for link in node.links:
        if isinstance(link, Chain):
            yield from _unrolled(link)
        elif isinstance(link, Group) and len(members := tuple(_flat_members(link))) == 1:
            yield members[0]
        else:
            yield link


def _flat_ids(tree: Inputs) -> Iterator[str]:
    if isinstance(tree, str):
        yield tree
    else:
        for branch in tree:
            yield from _flat_ids(branch)
