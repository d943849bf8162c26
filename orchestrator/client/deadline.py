"""A limit on everything inside a block, with the client's own error."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from orchestrator.client.failures import ResultTimeout


@asynccontextmanager
async def within(timeout_s: float | None) -> AsyncIterator[None]:
    """Raise `ResultTimeout` when the block takes longer; None is no limit."""
    try:
        async with asyncio.timeout(timeout_s) as limit:
            yield
    except TimeoutError as exc:
        if not limit.expired() or isinstance(exc, ResultTimeout):
            raise
        raise ResultTimeout(
            f"not finished within {timeout_s:g} s; what was sent was not stopped"
        ) from exc
