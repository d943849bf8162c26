"""No long pauses of the event loop while the load goes on.

A full garbage collection looks at every object that there is. What was made before the load
(modules, the app, the plan) is looked at no more; what the load itself makes still is. And a thread
(the sampler's) that wants to run gives the interpreter back after a part of a millisecond, not
after Python's usual five.
"""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

SWITCH_S = 0.0005
"""The longest that the loop waits for a thread, each time that it let it run."""


@contextmanager
def without_long_pauses() -> Iterator[None]:
    """For the time of the load."""
    switch_s = sys.getswitchinterval()
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(min(switch_s, SWITCH_S))
    try:
        yield
    finally:
        sys.setswitchinterval(switch_s)
        gc.unfreeze()
