"""An event loop in a thread, for tests that have none, and what is held open in it."""

from collections.abc import Iterator
from concurrent.futures import Future, wait
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Generic, TypeVar

import anyio
from anyio.from_thread import BlockingPortal, start_blocking_portal

from orchestrator.errors import OrchestratorError, PoolFailed, root_error

T = TypeVar("T")


@contextmanager
def open_portal() -> Iterator[BlockingPortal]:
    """A loop in a thread of its own. What is still held open there ends with it.

    Everything of a session is started from this one thread: on Linux a worker is told to end with
    the thread that started it (see `worker_main`)."""
    with start_blocking_portal(name="celery-lab") as portal:
        try:
            yield portal
        finally:
            portal.call(portal.stop, True)


@contextmanager
def hosted(portal: BlockingPortal, context: AbstractAsyncContextManager[T]) -> Iterator[T]:
    """Hold ``context`` open in the portal's loop while the body runs here.

    What the body raises does not pass through ``context``, which would wrap it in a group. What
    ``context`` itself raises is raised here, at the latest on leaving: the cause alone."""
    __tracebackhide__ = True
    held = _Held(context)
    task = portal.start_task_soon(held.hold)
    try:
        value = held.opened.result()
    except BaseException as exc:  # its own failure; or our thread was interrupted
        if not task.done():
            portal.call(held.cancel)
            wait([task])
        raise plain(exc) from None
    try:
        yield value
    finally:
        if not task.done():
            portal.call(held.leave)
        try:
            task.result()
        except Exception as exc:
            raise plain(exc) from None


class _Held(Generic[T]):
    def __init__(self, context: AbstractAsyncContextManager[T]) -> None:
        self.opened: Future[T] = Future()
        self._context = context

    async def hold(self) -> None:
        self._left = anyio.Event()
        with anyio.CancelScope() as self._scope:
            try:
                async with self._context as value:
                    self.opened.set_result(value)
                    await self._left.wait()
            except BaseException as exc:
                if not self.opened.done():
                    self.opened.set_exception(exc)
                raise

    def leave(self) -> None:
        self._left.set()

    def cancel(self) -> None:
        self._scope.cancel()


def plain(error: BaseException) -> BaseException:
    """What to raise to a test: out of a group the cause; without the frames of our own machinery
    when it is about the user's environment; with the end of a dead worker's log."""
    cause = root_error(error)
    if isinstance(cause, PoolFailed) and cause.log_tail and not hasattr(cause, "__notes__"):
        cause.add_note("\n".join(["the last lines of its log:", *cause.log_tail]))
    return cause.with_traceback(None) if isinstance(cause, OrchestratorError) else cause
