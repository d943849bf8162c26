"""No long pauses of the garbage collector while the load goes on.

A full collection looks at every object that there is. What was made before the load (modules, the
app, the plan) is looked at no more; what the load itself makes still is."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_long_pauses() -> Iterator[None]:
    """For the time of the load."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
