"""A canvas that was sent: wait for its value, revoke it, or hand on its stock result object."""

from collections.abc import Callable, Generator
from typing import Any, Protocol

from orchestrator.client.decoding import raise_error
from orchestrator.client.failures import ResultsDisabled, ResultTimeout
from orchestrator.client.join import Join, Outcome
from orchestrator.client.later_result import LaterResult
from orchestrator.client.stock_result import bound_to


class Origin(Protocol):
    """What a handle needs of its client."""

    app: Any
    backend: Any
    results_disabled: bool

    def forget(self, join: Join) -> None: ...

    def forget_soon(self, join: Join) -> None: ...

    async def revoke(self, task_ids: list[str], *, terminate: bool, signal: str) -> None: ...


class Handle:
    """Given by `Client.submit`. Dropping it is enough to stop waiting; the task runs on."""

    __slots__ = ("__weakref__", "_bound", "_join", "_origin", "_raw_result")

    def __init__(self, origin: Origin, join: Join, raw_result: Any) -> None:
        self._origin = origin
        self._join = join
        self._raw_result = raw_result
        self._bound = False

    @property
    def id(self) -> str:
        """The id of the task; of a chain's last task, of a chord's body, of a group."""
        task_id: str = self._join.id
        return task_id

    @property
    def async_result(self) -> Any:
        """What `apply_async` returns: an AsyncResult or GroupResult, on the app's backend."""
        if not self._bound:
            if isinstance(self._raw_result, LaterResult):
                self._raw_result = self._raw_result.made(self.id)
            bound_to(self._origin.backend, self._raw_result)
            self._bound = True
        return self._raw_result

    def done(self) -> bool:
        """True when `result()` will not have to wait."""
        return self._join.done

    async def result(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - the name that stock `get()` has
        propagate: bool = True,
    ) -> Any:
        """The canvas's value: what stock `get()` gives.

        ``timeout`` is in seconds. With ``propagate`` the first failure of any of its tasks, also of
        an earlier link or of a chord's header, is raised as itself and at once; without, the
        exception is the value (for a group: stands in its place in the list).

        Raises `ResultTimeout`, `ClientClosed`, or `ResultsDisabled` when the app stores no results.
        """
        join = self._join
        if self._origin.results_disabled and not join.complete:
            raise ResultsDisabled
        if not await join.wait(timeout, propagate=propagate):
            raise ResultTimeout(
                f"no result of {self.id} within {timeout:g} s; the task was not stopped"
            )
        if propagate and join.failed is not None:
            raise_error(join.failed, self._origin.app)
        if not join.complete:
            assert join.ended is not None
            raise join.ended.with_traceback(None)
        return join.value()

    def __await__(self) -> Generator[Any, None, Any]:
        return self.result().__await__()

    async def revoke(self, *, terminate: bool = False, signal: str = "SIGTERM") -> None:
        """Tell the workers not to run what has not started yet of this canvas, all its tasks.

        With ``terminate`` a running task's process gets ``signal`` (prefork pools only). A revoked
        task's result is `TaskRevokedError`.
        """
        await self._origin.revoke(self._join.task_ids, terminate=terminate, signal=signal)

    def outcome(self) -> Outcome:
        """How it ended, as a record; call it when `done()`."""
        return self._join.outcome()

    def forget(self) -> None:
        """Stop waiting for the result; what has arrived stays."""
        self._origin.forget(self._join)

    def on_end(self, callback: Callable[[], None]) -> None:
        """Call back once, when the canvas is done or the client was closed; at once if it is.

        Raises `ResultsDisabled` when there will be no end to see.
        """
        if self._origin.results_disabled and not self._join.complete:
            raise ResultsDisabled
        self._join.on_end(callback)

    def __del__(self) -> None:
        if not self._join.complete:
            self._origin.forget_soon(self._join)

    def __repr__(self) -> str:
        return f"<Handle {self.id}{' done' if self.done() else ''}>"
