"""`async with Client(app) as client: value = await client.call(add.s(1, 2))`."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from orchestrator.client.deadline import within
from orchestrator.client.ids import IdSource
from orchestrator.client.stream import Flow, Signatures
from orchestrator.errors import ClientClosed

if TYPE_CHECKING:
    from celery import Celery

    from orchestrator.client.handle import Handle
    from orchestrator.client.join import Outcome
    from orchestrator.client.session import Session
    from orchestrator.records import TaskResult

DEFAULT_IN_FLIGHT = 1000


class Client:
    """Sends canvases to stock Celery workers and awaits their results.

    ``app`` is the Celery app; its routes, serializers, prefixes, priorities and transport options
    hold. ``broker_url`` and ``result_backend`` win over the app's. ``on_result`` is called with a
    `TaskResult` for every result message (of an ended task) that arrives for an id of this client:
    also for tasks that nobody waits for, for later links and bodies, and again when a result comes
    again.

    Not to be shared between event loops. With `task_always_eager` nothing is sent: `submit` runs
    the tasks at once, here, as Celery does, and the value is there when it returns.
    """

    def __init__(
        self,
        app: "Celery",
        *,
        on_result: "Callable[[TaskResult], None] | None" = None,
        broker_url: str | None = None,
        result_backend: str | None = None,
    ) -> None:
        self.app = app
        self._on_result = on_result
        self._broker_url = broker_url
        self._result_backend = result_backend
        self._ids = IdSource()
        self._session: Session | None = None

    async def __aenter__(self) -> Self:
        """Connect.

        Raises `BrokerUnavailable`, `NotSupported` for brokers and backends that the client does not
        speak to, or `UsageError` for a configuration that Celery itself cannot make sense of.
        """
        # Here and not above: `from orchestrator import Client` must not cost the import of redis
        # and of Celery's canvas (a third of a second) to a service that starts.
        from orchestrator.client.opening import open_session

        if self._session is not None:
            raise RuntimeError("this client is open already: make one Client for each `async with`")
        self._session = await open_session(
            self.app, self._ids, self._on_result, self._broker_url, self._result_backend
        )
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close; who still waits gets `ClientClosed`. Takes under two seconds in any case."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def new_id(self) -> str:
        """A task id for `options["task_id"]` whose result needs no subscription of its own."""
        return self._ids()

    async def submit(
        self,
        signature: Any,
        timeout: float | None = None,  # noqa: ASYNC109 - the name that stock `get()` has
    ) -> "Handle":
        """Send any canvas; returns when the broker has confirmed it.

        A server that is gone is waited for: ``timeout`` seconds, or 30 without one. Raises
        `BrokerUnavailable` (nothing was sent), `PublishUncertain` (some of it may have been; it has
        the ids and the handles), the latter as `PublishTimeout` when a server that is there did not
        confirm in time, `NotSupported`, `ClientClosed`, and what Celery raises for a signature that
        it cannot send.
        """
        return (await self._open_session().submit_all((signature,), timeout))[0]

    async def submit_all(
        self,
        signatures: "Sequence[Any]",
        timeout: float | None = None,  # noqa: ASYNC109 - the name that stock `get()` has
    ) -> "list[Handle]":
        """Send canvases together, in one write where the broker allows it; a handle for each, in
        order, when the broker has confirmed them all.

        As `submit`, also in what it raises: when one of them cannot be sent, none is (but for a
        group from a generator, which goes out while it is produced).
        """
        return await self._open_session().submit_all(signatures, timeout)

    async def call(
        self,
        signature: Any,
        timeout: float | None = None,  # noqa: ASYNC109 - the name that stock `get()` has
    ) -> Any:
        """Send a canvas and give its value; raises what `submit` and `Handle.result` raise.

        ``timeout`` (seconds) is for both together.
        """
        begin = asyncio.get_running_loop().time()
        handle = await self.submit(signature, timeout)
        try:
            async with within(timeout, since=begin):
                return await handle.result()
        finally:
            handle.forget()

    async def gather(
        self,
        signatures: Signatures,
        timeout: float | None = None,  # noqa: ASYNC109 - the name that stock `get()` has
        in_flight: int = DEFAULT_IN_FLIGHT,
    ) -> list[Any]:
        """Send all and give their values in order; the first failure is raised at once.

        At most ``in_flight`` canvases are out at a time; ``timeout`` (seconds) is for all together.
        """
        values: list[Any] = []
        async with within(timeout), aclosing(self._ended(signatures, in_flight)) as ended:
            async for index, handle in ended:
                if index >= len(values):
                    values.extend([None] * (index + 1 - len(values)))
                values[index] = await handle.result()
        return values

    async def stream(
        self, signatures: Signatures, in_flight: int = DEFAULT_IN_FLIGHT
    ) -> "AsyncIterator[Outcome]":
        """Send all and give an `Outcome` for each canvas as it ends; failures are outcomes too.

        ``signatures`` is any iterable or async iterable, of any length: it is consumed only as fast
        as results come and are taken, and at most ``in_flight`` canvases are out at a time.
        """
        async with aclosing(self._ended(signatures, in_flight)) as ended:
            async for _, handle in ended:
                if not handle.done():
                    await handle.result()  # raises why it will never be
                yield handle.outcome()

    def _ended(self, signatures: Signatures, in_flight: int) -> Any:
        return Flow(self._open_session(), signatures, in_flight).ended()

    def _open_session(self) -> "Session":
        if self._session is None:
            raise ClientClosed
        return self._session
