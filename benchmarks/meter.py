"""Wall time and processor time of a block of code."""

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Spent:
    """Filled in when the block ends."""

    wall_s = 0.0
    cpu_s = 0.0


@contextmanager
def metered() -> Iterator[Spent]:
    """Measure the block, which starts without garbage of what was before."""
    gc.collect()
    spent = Spent()
    cpu, wall = time.process_time(), time.perf_counter()
    try:
        yield spent
    finally:
        spent.wall_s = time.perf_counter() - wall
        spent.cpu_s = time.process_time() - cpu
