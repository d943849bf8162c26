"""Runs Celery's own canvas code and catches what it would send.

`Signature.apply_async` is called, in one go without awaiting, while this thread's producer, result
backend and id source are ours. Whatever Celery does with a canvas, now or in a later version, it so
does here too. Other threads that use the same app at that moment are not touched: every replacement
looks at the thread.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import celery.app.amqp
import celery.app.base
import celery.app.task
import celery.canvas
from celery import Celery, _state
from celery.local import Proxy
from celery.utils.abstract import CallableSignature

from orchestrator.client.arguments import quick_saferepr
from orchestrator.client.ids import IdSource
from orchestrator.client.recording_backend import recording_backend, recording_rpc_backend
from orchestrator.client.recording_broker import Published
from orchestrator.client.recording_redis import RecordingRedis
from orchestrator.client.resp import Command
from orchestrator.client.tracing import trace_headers
from orchestrator.errors import NotSupported

if TYPE_CHECKING:
    from orchestrator.client.messages import Messages

_ID_USERS = (celery.canvas, celery.app.base, celery.app.task)
"""The modules of Celery that make ids, each by its own name ``uuid``."""

_LOOKED_UP = (
    "task_always_eager",
    "task_send_sent_event",
    "task_inherit_parent_priority",
    "task_repr_maxlevels",
    "task_default_queue",
)

_REPLACING = threading.RLock()
"""Held while names of Celery's modules are replaced: they belong to the whole process."""


@dataclass(frozen=True, slots=True)
class Captured:
    """What sending one canvas comes to.

    ``result`` is what `apply_async` returned (None for an empty chain); ``backend`` must be carried
    out before ``commands``. ``messages`` are sent besides, and belong to no task in ``published``.
    """

    result: Any
    commands: list[Any]
    published: list[Published]
    backend: list[Command] = field(default_factory=list)
    messages: "Messages | None" = None

    @property
    def task_ids(self) -> list[str]:
        """The tasks that are sent."""
        ids = [task.id for task in self.published]
        return ids if self.messages is None else [*ids, *self.messages.ids]


class Record(Protocol):
    """What was published since the last `take`: what to send, and the tasks in it."""

    def take(self) -> tuple[list[Any], list[Published]]: ...


class Broker(Protocol):
    """Where Celery's publishing code publishes to."""

    record: Any
    producer: Any


class Capturer:
    """Captures the canvases of one app. ``backend`` is its real result backend (or disabled).

    ``reply_to`` is the queue to which the rpc backend's results go.
    """

    def __init__(
        self,
        app: Celery,
        broker: Broker,
        backend: Any,
        new_id: IdSource,
        reply_to: str | None = None,
    ) -> None:
        self._app = app
        self._broker = broker
        self._new_id = new_id
        self._writes: list[Command] = []
        self._record: Record = broker.record
        self._reply_to = reply_to
        self._backend = backend
        if hasattr(backend, "connparams"):  # a Redis backend, not the disabled one
            self._backend = recording_backend(backend, RecordingRedis(self._write))
        elif reply_to is not None:
            self._backend = recording_rpc_backend(backend)

    @property
    def record(self) -> Record:
        return self._record

    @property
    def backend(self) -> Any:
        """The backend that Celery sees meanwhile: it neither sends nor subscribes."""
        return self._backend

    def capture_chord(self, signature: Any, header_size: int) -> Captured:
        """Capture a chord with one task in its header, as one of ``header_size`` tasks like it."""
        self._backend.header_size = header_size
        try:
            return self.capture(signature)
        finally:
            self._backend.header_size = None

    def capture(self, signature: Any) -> Captured:
        """Apply the signature without sending it.

        Raises what Celery raises for a signature that it cannot send (a wrong argument, a value
        that cannot be encoded); nothing of it is sent then.
        """
        self._broker.producer.trace = trace_headers()
        try:
            with self._celery_captured():
                signature = self._checked(signature)
                result = signature.apply_async()
            commands, published = self._record.take()
            return Captured(result, commands, published, self._writes)
        finally:
            self._record.take()
            self._writes = []

    def capture_member(self, signature: Any, group_id: str, index: int, body: Any) -> Captured:
        """Capture one member of a group as `group.apply_async` sends it; ``body`` is the frozen
        one of its chord, or None.

        Raises `NotSupported` for a group or chord: how many tasks it is, the chord would have to
        know.
        """
        if isinstance(signature, celery.canvas.group | celery.canvas._chord):
            raise NotSupported(
                f"member {index} of the generator is a {type(signature).__name__}: give the "
                "members as a list, or nested ones among the first"
            )
        try:
            with self._celery_captured():
                member = self._checked(signature).clone()
                result = member.freeze(group_id=group_id, group_index=index)
                member.apply_async(add_to_parent=False, chord=body)
            commands, published = self._record.take()
            return Captured(result, commands, published, self._writes)
        finally:
            self._record.take()
            self._writes = []

    def chord_size(self, group_id: str, size: int) -> list[Command]:
        """What tells the backend how many tasks the header has."""
        try:
            self._backend.set_chord_size(group_id, size)
            return self._writes
        finally:
            self._writes = []

    def _write(self, command: Command) -> None:
        self._writes.append(command)

    def _checked(self, signature: Any) -> Any:
        if isinstance(signature, dict) and not isinstance(signature, CallableSignature):
            signature = celery.canvas.signature(signature, app=self._app)
        if not isinstance(signature, CallableSignature):
            raise TypeError(
                f"a Celery signature is needed, for example add.s(1, 2); got {signature!r}"
            )
        owner = signature.app
        if isinstance(owner, Proxy):
            owner = owner._get_current_object()
        if owner is not self._app:
            raise NotSupported(
                f"the signature {signature!r} belongs to the app {owner.main!r}, and this client "
                f"to {self._app.main!r}"
            )
        return signature

    # ---- what is replaced, for this thread only -------------------------------------------------

    @contextmanager
    def _celery_captured(self) -> Iterator[None]:
        with _REPLACING, ExitStack() as stack:
            is_ours = _ThreadCheck()
            stack.enter_context(is_ours.while_open())
            for module in _ID_USERS:
                stack.enter_context(_replaced(module, "uuid", is_ours.pick(self._new_id)))
            stack.enter_context(_replaced(celery.app.amqp, "saferepr", lambda _: quick_saferepr))
            stack.enter_context(_settings_at_hand(self._app))
            stack.enter_context(self._producer_replaced(is_ours))
            stack.enter_context(self._backend_replaced(is_ours))
            stack.enter_context(_current_app(self._app))
            if self._reply_to is not None:  # what `app.thread_oid` gives to this thread
                stack.enter_context(_own(self._app._local, "oid", self._reply_to))
            yield

    def _producer_replaced(self, is_ours: "_ThreadCheck") -> AbstractContextManager[None]:
        stock = self._app.producer_or_acquire

        def producer_or_acquire(producer: Any = None) -> AbstractContextManager[Any]:
            if not is_ours():
                context: AbstractContextManager[Any] = stock(producer)
                return context
            return nullcontext(producer or self._broker.producer)

        return _replaced(self._app, "producer_or_acquire", lambda _: producer_or_acquire)

    @contextmanager
    def _backend_replaced(self, is_ours: "_ThreadCheck") -> Iterator[None]:
        app = self._app
        shared = app._backend_cache
        if shared is not None:  # result_backend_thread_safe: all threads have the same
            app._backend_cache = Proxy(lambda: self._backend if is_ours() else shared)
            try:
                yield
            finally:
                app._backend_cache = shared
            return
        with _own(app._local, "backend", self._backend):
            yield


class _ThreadCheck:
    """True on the thread that made it, while it is open."""

    __slots__ = ("_owner",)

    def __init__(self) -> None:
        self._owner: int | None = threading.get_ident()

    def __call__(self) -> bool:
        return self._owner == threading.get_ident()

    @contextmanager
    def while_open(self) -> Iterator[None]:
        try:
            yield
        finally:
            self._owner = None

    def pick(self, ours: Callable[[], str]) -> Callable[[Any], Any]:
        def replacement(stock: Callable[[], str]) -> Callable[[], str]:
            return lambda: ours() if self() else stock()

        return replacement


@contextmanager
def _replaced(owner: Any, name: str, make: Callable[[Any], Any]) -> Iterator[None]:
    """Set an attribute for a while; one that came from the class is removed again afterwards."""
    stock = getattr(owner, name)
    had_own = name in vars(owner)
    setattr(owner, name, make(stock))
    try:
        yield
    finally:
        if had_own:
            setattr(owner, name, stock)
        else:
            delattr(owner, name)


@contextmanager
def _own(local: Any, name: str, value: Any) -> Iterator[None]:
    """Set what this thread has of its own for a while."""
    own = getattr(local, name, None)
    setattr(local, name, value)
    try:
        yield
    finally:
        if own is None:
            delattr(local, name)
        else:
            setattr(local, name, own)


@contextmanager
def _settings_at_hand(app: Celery) -> Iterator[None]:
    """Settings that Celery looks up for every task, each in half a dozen dictionaries and under
    three names: meanwhile they are attributes of the configuration, for all threads the same."""
    conf = app.conf
    values = {name: conf[name] for name in _LOOKED_UP if name in conf}
    vars(conf).update(values)
    try:
        yield
    finally:
        for name in values:
            vars(conf).pop(name, None)


@contextmanager
def _current_app(app: Celery) -> Iterator[None]:
    """Signatures that name a task without an app belong to the client's app."""
    before = getattr(_state._tls, "current_app", None)
    _state._set_current_app(app)
    try:
        yield
    finally:
        _state._set_current_app(before)
