"""Goes through many signatures and gets their tasks ready for the fast road, or finds that one of
them must not take it."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from celery.canvas import Signature

from orchestrator.client.arguments import numbers_text
from orchestrator.client.kinds import Kind, Kinds
from orchestrator.client.messages import Run
from orchestrator.client.stencil import Written

BREATH = 2000
"""Tasks after which the event loop gets a turn: what some ten milliseconds allow."""


class Collector:
    """``group_id`` is None for tasks outside of a group; ``embed`` is the third part of every
    message's body."""

    def __init__(self, kinds: Kinds, group_id: str | None, embed: Mapping[str, Any]) -> None:
        self._kinds = kinds
        self._group_id = group_id
        self._embed = embed
        self._last: Any = None
        self._last_options: Mapping[str, Any] = {}
        self._kind: Kind | None = None
        self._append: Callable[[Written], None]
        self._numbers_limit = 0
        self.runs: list[Run] = []
        self.ids: list[str] = []
        """The ids that the signatures bring along: of all of them, or of none."""
        self.count = 0

    async def take_all(self, signatures: Iterable[Any]) -> bool:
        """False when a signature is not plain. Raises what `apply_async` raises for a wrong one."""
        take = self.take
        for signature in signatures:
            if not take(signature):
                return False
            if self.count % BREATH == 0:
                await asyncio.sleep(0)
        return self._ids_are_sound()

    def take_few(self, signatures: Iterable[Any]) -> bool:
        """As `take_all`, without a pause."""
        return all(map(self.take, signatures)) and self._ids_are_sound()

    def take(self, signature: Any) -> bool:
        """One more task; False when it is not plain."""
        if type(signature) is not Signature:
            return False
        try:
            options, args, kwargs = signature["options"], signature["args"], signature["kwargs"]
        except KeyError:
            return False
        if not self._is_like_last(signature, options) and not self._turn_to(signature, options):
            return False
        if "task_id" in options:
            self.ids.append(options["task_id"])
        kind = self._kind
        assert kind is not None
        if type(args) is not tuple:
            return False
        if kwargs or len(args) not in kind.lengths:
            kind.check(args, kwargs)
        text = None if kwargs else numbers_text(args, self._numbers_limit)
        self._append(self.runs[-1].stencil.write(args, kwargs) if text is None else text)
        self.count += 1
        return True

    def ignored(self) -> frozenset[int]:
        """The places of the tasks that leave no result."""
        return frozenset(
            place
            for run in self.runs
            if run.kind.ignored
            for place in range(run.begin, run.begin + len(run.written))
        )

    def _is_like_last(self, signature: Any, options: Mapping[str, Any]) -> bool:
        """It has the same options as the last one, but for its id: the very same objects."""
        last, before = self._last, self._last_options
        if (
            last is None
            or signature["task"] != last["task"]
            or signature._type is not last._type
            or signature._app is not last._app
            or len(options) != len(before)
        ):
            return False
        for name, value in options.items():
            if name not in before or (name != "task_id" and before[name] is not value):
                return False
        return True

    def _turn_to(self, signature: Any, options: Mapping[str, Any]) -> bool:
        kind = self._kinds.of(signature, grouped=self._group_id is not None)
        if kind is None:
            return False
        self._last, self._last_options = signature, options
        if kind is not self._kind:
            stencil = kind.template.stencil(self._group_id, self._embed)
            run = Run(kind, stencil, self.count)
            self.runs.append(run)
            self._kind, self._append = kind, run.written.append
            self._numbers_limit = stencil.numbers_limit
        return True

    def _ids_are_sound(self) -> bool:
        """A task that is sent twice under one id is for Celery to send as it likes."""
        return not self.ids or len(set(self.ids)) == len(self.ids) == self.count
