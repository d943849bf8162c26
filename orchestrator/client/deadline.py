"""A limit on everything inside a block, with the client's own error."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def within(timeout_s: float | None, *, since: float | None = None) -> AsyncIterator[None]:
    """Raise `ResultTimeout` when the block takes longer; None is no limit.

    ``since`` is the time of the event loop from which on it counts.
    """
    begin = asyncio.get_running_loop().time() if since is None else since
    try:
        async with asyncio.timeout_at(None if timeout_s is None else begin + timeout_s) as limit:
            yield
    except TimeoutError as exc:
        # Here and not above: Celery's exceptions are half of what it costs to import `Client`.
        from orchestrator.client.failures import ResultTimeout

        if not limit.expired() or isinstance(exc, ResultTimeout):
            raise
        raise ResultTimeout(
            f"not finished within {timeout_s:g} s; what was sent was not stopped"
        ) from exc
