"""The asyncio client for a test that is not asynchronous."""

from collections.abc import Iterable
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anyio.from_thread import BlockingPortal

from orchestrator.client import Client

if TYPE_CHECKING:
    from orchestrator.client import Handle


class BlockingHandle:
    """A canvas that was sent."""

    def __init__(self, portal: BlockingPortal, handle: "Handle", timeout_s: float) -> None:
        self.handle = handle
        """The asyncio client's own; it belongs to the loop of the client's thread."""
        self._portal = portal
        self._timeout_s = timeout_s

    @property
    def id(self) -> str:
        """The id of the task; of a chain's last task, of a chord's body, of a group."""
        return self.handle.id

    @property
    def async_result(self) -> Any:
        """The stock result object that `apply_async` would have returned."""
        return self._portal.call(lambda: self.handle.async_result)

    def done(self) -> bool:
        """True when `result()` will not have to wait."""
        return self._portal.call(self.handle.done)

    def result(self, timeout: float | None = None, propagate: bool = True) -> Any:
        """The canvas's value, within ``timeout`` seconds (None: ``timeout_s`` of the config).

        Raises what the task raised, or `ResultTimeout`; see `orchestrator.client.Handle.result`."""
        __tracebackhide__ = True
        limit = self._timeout_s if timeout is None else timeout
        return _await(self._portal, partial(self.handle.result, limit, propagate))

    def revoke(self, *, terminate: bool = False) -> None:
        """Tell the workers not to run what has not started yet."""
        self._portal.call(partial(self.handle.revoke, terminate=terminate))


class BlockingClient:
    """`orchestrator.Client` in the loop of another thread; each method waits for its answer.

    ``logs`` is the directory of the workers' logs. Timeouts are in seconds; None is ``timeout_s``
    of the config, because a test that waits for ever tells nobody anything."""

    def __init__(
        self, portal: BlockingPortal, client: Client, *, timeout_s: float, logs: Path
    ) -> None:
        self.app = client.app
        self.logs = logs
        self._portal = portal
        self._client = client
        self._timeout_s = timeout_s

    def call(self, signature: Any, timeout: float | None = None) -> Any:
        """Send a canvas and give its value; raises what the task raised, or `ResultTimeout`."""
        __tracebackhide__ = True
        return _await(self._portal, partial(self._client.call, signature, self._limit(timeout)))

    def submit(self, signature: Any, timeout: float | None = None) -> BlockingHandle:
        """Send a canvas; returns when the broker has it."""
        __tracebackhide__ = True
        submit = partial(self._client.submit, signature, self._limit(timeout))
        return BlockingHandle(self._portal, _await(self._portal, submit), self._timeout_s)

    def gather(self, signatures: Iterable[Any], timeout: float | None = None) -> list[Any]:
        """Send all and give their values in order; the first failure is raised at once."""
        __tracebackhide__ = True
        gather = partial(self._client.gather, signatures, self._limit(timeout))
        values: list[Any] = _await(self._portal, gather)
        return values

    def _limit(self, timeout: float | None) -> float:
        return self._timeout_s if timeout is None else timeout


def _await(portal: BlockingPortal, function: Any) -> Any:
    """As `portal.call`, but who is interrupted while waiting leaves nothing behind."""
    __tracebackhide__ = True
    future: Future[Any] = portal.start_task_soon(function)
    try:
        return future.result()
    finally:
        future.cancel()
