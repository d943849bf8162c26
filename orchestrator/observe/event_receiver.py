"""Celery's own events, as the probe of workers that are not ours.

Workers that were started with `-E` (or `worker_send_task_events`) tell what they do with a task. We
only listen: no worker is asked to send events, and none is woken. Times are the wall clock of the
worker's host, in ns since the epoch. The worker's main process takes them, so they are when it
heard of a start or an end; how long a task ran is told by the process that ran it."""

import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Protocol

import anyio
import anyio.from_thread
import anyio.to_thread
from amqp.exceptions import AMQPError
from celery import Celery
from celery.events.receiver import EventReceiver as CeleryReceiver
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from orchestrator.environment.masking import mask_text
from orchestrator.errors import BrokerUnavailable
from orchestrator.observe.probe_server import WorkerListener

PASS_ON_S = 0.05
QUIET_S = 0.3
"""Workers send events some at a time: only after so long without one there is none on its way."""

_DRAINED_S = 3.0
_READY_S = 10.0
_LOOK_UP_S = 0.2
_NS_PER_S = 1_000_000_000
_LOST = (OperationalError, OSError, RedisError, AMQPError)
"""What the libraries below Celery say of a broker that is gone."""
_ENDS: Mapping[str, str] = {
    "task-succeeded": "SUCCESS",
    "task-failed": "FAILURE",
    "task-retried": "RETRY",
}


class _Receiver(CeleryReceiver):
    """Says when it listens, and leaves the times as the workers sent them: Celery would shift them
    by time zones."""

    connect_max_retries = 1

    def __init__(
        self, ready: Callable[[], None], stopping: threading.Event, *args: Any, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self._ready = ready
        self._stopping = stopping

    def on_iteration(self) -> None:
        self.should_stop = self._stopping.is_set()

    def on_consume_ready(self, *args: Any, **options: Any) -> None:
        self._ready()

    def event_from_message(self, body: Any, **options: Any) -> Any:
        return super().event_from_message(body, **{**options, "localize": False})


class EventListener(WorkerListener, Protocol):
    """Is told of what workers tell. Their times are their own (see above)."""

    def ran(self, task_id: str, run_ns: int) -> None:
        """How long the execution took that has just finished."""


class EventReceiver:
    """What is heard of the workers. Made by `open_event_receiver`."""

    def __init__(self, app: Celery, listener: EventListener) -> None:
        self.heard = 0
        """Task events so far."""
        self._app = app
        self._listener = listener
        self._waiting: deque[Mapping[str, Any]] = deque()
        self._ready = anyio.Event()
        self._stopping = threading.Event()
        self._last_s = 0.0

    async def drained(self) -> None:
        """Returns once no event has come for a while, in bounded time."""
        with anyio.move_on_after(_DRAINED_S):
            while self.heard:
                left_s = self._last_s + QUIET_S - anyio.current_time()
                if left_s <= 0:
                    return
                await anyio.sleep(left_s)

    # ---- in the thread ----

    def _listen(self) -> None:
        try:
            with self._app.connection_for_read() as connection:
                handlers = {"*": self._waiting.append}
                receiver = _Receiver(
                    self._say_ready, self._stopping, connection, handlers, app=self._app
                )
                for _ in receiver.consume(safety_interval=_LOOK_UP_S):
                    pass
        except _LOST as exc:
            said = " ".join(mask_text(str(exc)).split())
            raise BrokerUnavailable(f"the workers' events cannot be heard: {said}") from exc
        finally:
            self._say_ready()

    def _say_ready(self) -> None:
        anyio.from_thread.run_sync(self._ready.set)

    # ---- in the event loop ----

    async def _wait_ready(self) -> None:
        with anyio.move_on_after(_READY_S):
            await self._ready.wait()

    async def _pass_on(self) -> None:
        while True:
            while self._waiting:
                self._take(self._waiting.popleft())
            await anyio.sleep(PASS_ON_S)

    def _take(self, event: Mapping[str, Any]) -> None:
        kind, task_id = event.get("type", ""), event.get("uuid")
        if not kind.startswith("task-") or not isinstance(task_id, str):
            return
        self.heard += 1
        self._last_s = anyio.current_time()
        at_ns = round(float(event.get("timestamp", 0.0)) * _NS_PER_S)
        worker = str(event.get("hostname", ""))
        if kind == "task-received":
            self._listener.received(task_id, at_ns, worker)
        elif kind == "task-started":
            self._listener.started(task_id, at_ns, worker)
        elif kind in _ENDS:
            self._listener.finished(task_id, at_ns, _ENDS[kind], worker)
            if (runtime_s := event.get("runtime")) is not None:
                self._listener.ran(task_id, round(float(runtime_s) * _NS_PER_S))


@asynccontextmanager
async def open_event_receiver(app: Celery, listener: EventListener) -> AsyncIterator[EventReceiver]:
    """Listen to the events on the app's broker. A broker that cannot be reached, or is gone later,
    raises `BrokerUnavailable` in an exception group."""
    receiver = EventReceiver(app, listener)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(anyio.to_thread.run_sync, receiver._listen)
        tasks.start_soon(receiver._pass_on)
        try:
            await receiver._wait_ready()
            yield receiver
        finally:
            receiver._stopping.set()
            tasks.cancel_scope.cancel()
