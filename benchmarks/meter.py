"""Wall time and processor time of a block of code."""

import gc
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any

PROFILER: ContextVar[AbstractContextManager[Any] | None] = ContextVar("PROFILER", default=None)
"""Set by `benchmarks.profile`: entered for as long as the clock runs."""


class Spent:
    """Filled in when the block ends."""

    wall_s = 0.0
    cpu_s = 0.0


@contextmanager
def metered() -> Iterator[Spent]:
    """Measure the block, which starts without garbage of what was before."""
    gc.collect()
    spent = Spent()
    with PROFILER.get() or nullcontext():
        cpu, wall = time.process_time(), time.perf_counter()
        try:
            yield spent
        finally:
            spent.wall_s = time.perf_counter() - wall
            spent.cpu_s = time.process_time() - cpu


@contextmanager
def prepared() -> Iterator[Spent]:
    """The same for what is made before the clock starts (signatures): never in a profile."""
    token = PROFILER.set(None)
    try:
        with metered() as spent:
            yield spent
    finally:
        PROFILER.reset(token)
