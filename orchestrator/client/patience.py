"""How long a submission waits for a server that is gone.

Only what certainly sent nothing is tried again. A server that is there and refuses is not waited
for.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from orchestrator.client.failures import PublishTimeout, ResultTimeout
from orchestrator.errors import BrokerUnavailable

GAP_S = 30.0
"""How long a server may be gone when the caller set no limit."""

FIRST_BACKOFF_S = 0.05
LONGEST_BACKOFF_S = 1.0

Act = Callable[[], Awaitable[None]]


class Link(Protocol):
    """A connection that opens again when it has broken."""

    @property
    def connection(self) -> Any:
        """The live connection, if there is one."""


class Patience:
    """The patience of one submission. ``timeout_s`` limits all of it; None limits only the gap."""

    def __init__(self, timeout_s: float | None, links: Sequence[Link]) -> None:
        self._loop = asyncio.get_running_loop()
        self._links = links
        self._timeout_s = timeout_s
        self._limit = None if timeout_s is None else self._loop.time() + timeout_s
        self._gap_end: float | None = self._limit
        self._backoff_s = FIRST_BACKOFF_S
        self._last: BrokerUnavailable | None = None

    async def ready(self, connect: Act) -> None:
        """Connect, again and again while the server is gone. Raises `BrokerUnavailable`."""
        if self._limit is None:
            return await self._connected(connect)
        try:
            async with asyncio.timeout_at(self._limit) as limit:
                await self._connected(connect)
        except TimeoutError as exc:
            if not limit.expired():
                raise
            raise self._last or BrokerUnavailable(
                f"no connection within {self._timeout_s:g} s; nothing was sent"
            ) from exc

    async def _connected(self, connect: Act) -> None:
        while True:
            try:
                return await connect()
            except BrokerUnavailable as exc:
                self._last = exc
                await self._wait_or_raise(exc)

    async def send(self, connect: Act, send: Act, task_ids: Callable[[], Sequence[str]]) -> None:
        """Connect and send; again when the connection was lost before anything was sent.

        Raises `BrokerUnavailable` or `ResultTimeout` (nothing was sent), or `PublishUncertain`: as
        `PublishTimeout` when the server did not confirm everything in time.
        """
        while True:
            await self.ready(connect)
            self._check_time_left()
            try:
                return await self._sent(send, task_ids)
            except BrokerUnavailable as exc:
                await self._wait_or_raise(exc)

    async def _sent(self, send: Act, task_ids: Callable[[], Sequence[str]]) -> None:
        if self._limit is None:
            return await send()
        try:
            async with asyncio.timeout_at(self._limit) as limit:
                await send()
        except TimeoutError as exc:
            if not limit.expired():
                raise
            raise self._unconfirmed(task_ids()) from exc

    def _check_time_left(self) -> None:
        """A large canvas takes its time before there is anything to send."""
        if self._limit is not None and self._loop.time() >= self._limit:
            raise ResultTimeout(f"not ready to be sent within {self._timeout_s:g} s; nothing was")

    async def _wait_or_raise(self, error: BrokerUnavailable) -> None:
        now = self._loop.time()
        if self._gap_end is None:
            self._gap_end = now + GAP_S
        if not self._is_gone(error) or now + self._backoff_s > self._gap_end:
            raise error
        await asyncio.sleep(self._backoff_s)
        self._backoff_s = min(self._backoff_s * 2, LONGEST_BACKOFF_S)

    def _is_gone(self, error: BrokerUnavailable) -> bool:
        """False for a refusal: that was said on a connection that is alive."""
        return isinstance(error.__cause__, OSError) or any(
            link.connection is None for link in self._links
        )

    def _unconfirmed(self, task_ids: Sequence[str]) -> PublishTimeout:
        return PublishTimeout(
            f"the broker did not confirm {len(task_ids)} tasks within {self._timeout_s:g} s: some "
            "of them may have reached it. They were not sent again, because that could run them "
            "twice.",
            task_ids=task_ids,
        )
