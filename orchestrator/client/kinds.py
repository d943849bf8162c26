"""Tasks of one kind: the same task with the same options, so the same message but for its holes.

What a kind's messages look like is learned from Celery itself, by capturing two of them. It is
learned again when the app's configuration has changed and after a second in any case; so whatever
is changed while the app runs is followed, at the latest, a second later.
"""

import time
from collections.abc import Collection, Mapping
from typing import Any, Protocol

from celery import Celery, signals
from celery._state import _task_stack
from celery.canvas import group

from orchestrator.client.arguments import ArgumentTexts
from orchestrator.client.capture import Captured, Capturer
from orchestrator.client.template import NotUnderstood, Sample, Template
from orchestrator.client.tracing import trace_headers
from orchestrator.client.untouched import app_is_untouched, celery_is_untouched, task_is_untouched

LEARNED_FOR_S = 1.0
MOST_KINDS = 1000
"""Kept at a time; a program with more of them learns again."""

_REPR_MAXLEVELS = 3
"""Of `saferepr`, in Celery 5.6: the setting is newer."""

_OPTIONS = frozenset((
    "task_id", "queue", "routing_key", "exchange", "priority", "serializer", "delivery_mode",
    "time_limit", "soft_time_limit", "ignore_result", "shadow", "retry",
))  # fmt: skip
"""Options that mean the same for every task that has them. Not: times, links, stamps, headers."""

_CONSTANTS = frozenset((str, int, float, bool, type(None)))

_RECEIVERS = (signals.before_task_publish, signals.after_task_publish, signals.task_sent)

Key = tuple[Any, ...]


class Kind:
    """``target`` is where its messages go, ``template`` makes them, both in the dialect of the
    broker; ``ignored`` says that no results come."""

    __slots__ = ("_head", "_known", "_prototype", "ignored", "lengths", "target", "template")

    def __init__(
        self, prototype: Any, template: Any, target: Any, *, head: Any, ignored: bool
    ) -> None:
        self._prototype = prototype
        self._head = head
        # Celery makes the head from the function: whether arguments fit depends on their number.
        self._known = head is None or hasattr(getattr(head, "func", head), "_source")
        self.lengths: set[int] = set()
        """How many positional arguments are known to fit, when there are no others."""
        self.template = template
        self.target = target
        self.ignored = ignored

    def check(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """Raises TypeError for arguments that the task does not take, as `apply_async` does."""
        if self._head is not None:
            self._head(*args, **kwargs)
        if not kwargs and self._known:
            self.lengths.add(len(args))

    def result(self, task_id: str) -> Any:
        """Celery's own result object for a task of this kind."""
        return self._prototype.AsyncResult(task_id)


class Dialect(Protocol):
    """How messages are written for one sort of broker."""

    @property
    def epoch(self) -> int:
        """Changes when everything must be learned again."""

    def samples(self, captured: Captured, signature: Any, group_id: str | None) -> list[Any]:
        """The messages of a captured canvas, each of which is for ``signature``.

        Raises `NotUnderstood` when something else would be sent too, or elsewhere.
        """

    def learn(self, sample: Any, texts: ArgumentTexts, *, more_headers: Collection[str]) -> Any:
        """A template. Raises `NotUnderstood`."""

    def target(self, captured: Captured) -> Any:
        """Where the messages of a captured canvas go."""


class Kinds:
    """The kinds of one app's tasks. ``dialect`` is that of its broker."""

    def __init__(self, app: Celery, capturer: Capturer, dialect: Dialect | None = None) -> None:
        self._app = app
        self._capturer = capturer
        self.dialect: Dialect = dialect or RedisDialect()
        self._learned: dict[Key, tuple[float, Kind | None]] = {}
        self._settings: dict[str, Any] = {}

    def usable(self) -> bool:
        """False while something must see every single task: a signal's receiver, the task that we
        run in. Call it before `of`."""
        if any(signal.receivers for signal in _RECEIVERS) or _task_stack.top is not None:
            return False
        settings: dict[str, Any] = self._app.conf.changes
        if settings != self._settings or len(self._learned) > MOST_KINDS:
            self._settings = dict(settings)
            self._learned.clear()
        return True

    def of(self, signature: Any, *, grouped: bool) -> Kind | None:
        """The kind of a plain task's signature, in a group or alone; None when it has none."""
        options = signature["options"]
        if not self._is_plain(signature, options):
            return None
        trace = trace_headers()
        shape = tuple(
            (name, type(value), value) for name, value in options.items() if name != "task_id"
        )
        key = (self.dialect.epoch, grouped, signature["task"], shape, *trace.items())
        now = time.monotonic()
        learned = self._learned.get(key)
        if learned is None or now - learned[0] > LEARNED_FOR_S:
            learned = self._learned[key] = (now, self._learn(signature, grouped, trace))
        return learned[1]

    def _is_plain(self, signature: Any, options: Mapping[str, Any]) -> bool:
        if signature._app is not None and signature._app is not self._app:
            return False
        declared = self._app.tasks.get(signature["task"])
        if signature._type is not None and signature._type is not declared:
            return False
        return options.keys() <= _OPTIONS and _CONSTANTS.issuperset(map(type, options.values()))

    def _learn(self, signature: Any, grouped: bool, trace: Mapping[str, str]) -> Kind | None:
        task = self._app.tasks.get(signature["task"])
        touched = task is not None and not task_is_untouched(task)
        if touched or not app_is_untouched(self._app) or not celery_is_untouched():
            return None
        prototype = signature.clone()
        prototype.options.pop("task_id", None)
        prototype._app = self._app
        try:
            template, captured = self._template(prototype, grouped, trace)
        except Exception:  # what is wrong with the signature is said where it is sent in earnest
            return None
        typed = task is not None and task.typing
        return Kind(
            prototype.replace(args=(), kwargs={}),
            template,
            self.dialect.target(captured),
            head=getattr(task, "__header__", None) if typed else None,
            ignored=captured.published[0].ignored,
        )

    def _template(
        self, prototype: Any, grouped: bool, trace: Mapping[str, str]
    ) -> tuple[Any, Captured]:
        """Learn from one message, check on another."""
        samples = self.dialect.samples
        if grouped:
            captured = self._capturer.capture(group([prototype, prototype], app=self._app))
            first, second = samples(captured, prototype, captured.result.id)
        else:
            captured = self._capturer.capture(prototype)
            [first] = samples(captured, prototype, None)
            [second] = samples(self._capturer.capture(prototype), prototype, None)
        amqp = self._app.amqp
        texts = ArgumentTexts(
            amqp.argsrepr_maxsize,
            amqp.kwargsrepr_maxsize,
            self._app.conf.get("task_repr_maxlevels", _REPR_MAXLEVELS),
        )
        template = self.dialect.learn(first, texts, more_headers=trace)
        template.check(second)
        return template, captured


class RedisDialect:
    """A message is a JSON text, and is pushed to a list."""

    epoch = 0
    learn = staticmethod(Template.learn)

    @staticmethod
    def target(captured: Captured) -> Any:
        """The list."""
        return captured.commands[0][1]

    @staticmethod
    def samples(captured: Captured, signature: Any, group_id: str | None) -> list[Sample]:
        return samples(captured, signature, group_id)


def samples(captured: Captured, signature: Any, group_id: str | None) -> list[Sample]:
    """The messages of a captured canvas, each of which is for ``signature``.

    Raises `NotUnderstood` when something else would be sent too, or to an exchange.
    """
    keys = {command[:2] for command in captured.commands if isinstance(command, tuple)}
    pushes = [command for command in captured.commands if isinstance(command, tuple)]
    if len(pushes) != len(captured.published) or len(keys) != 1 or pushes[0][0] != "LPUSH":
        raise NotUnderstood("more is sent than messages to one list")
    return [
        Sample(
            text=push[2],
            task_id=task.id,
            args=signature["args"],
            kwargs=signature["kwargs"],
            group_id=group_id,
            group_index=None if group_id is None else index,
            embed=task.embed,
        )
        for index, (push, task) in enumerate(zip(pushes, captured.published, strict=True))
    ]
