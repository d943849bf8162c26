"""The load's clock: intended times on one monotonic axis, so that a schedule never drifts."""

import time

import anyio

NS_PER_S = 1_000_000_000


def now_ns() -> int:
    return time.monotonic_ns()


def after(start_ns: int, seconds: float) -> int:
    """The time ``seconds`` after ``start_ns``."""
    return start_ns + round(seconds * NS_PER_S)


async def sleep_until(at_ns: int) -> None:
    """Return at ``at_ns`` or at once when it has passed; always lets other tasks run."""
    await anyio.sleep(max(0, at_ns - now_ns()) / NS_PER_S)
