"""Values whose text is always short and never fails.

Celery puts the ``repr`` of every task's arguments and result into headers and logs, cut to about
1,000 characters, but made in full first. For an integer of more than 4,300 digits CPython refuses
to make it: the worker then stores the result and marks the task as failed. For a 20 x 20 array
numpy takes longer to make it than a worker takes for the whole task. So what a worker shows is a
stand-in for such a value: equal to it in every way, except for its text.
"""

from typing import Any

import numpy as np

SHOWN_ITEMS = 1024
"""Celery shows at most 1,024 characters, so later items of a sequence are never shown."""

# CPython allows the limit on digits to be set as low as 640; 2,000 bits are 603 digits.
_ALWAYS_PRINTABLE_BITS = 2000


class LongInt(int):
    """An int whose text is its size where CPython's limit on digits forbids the number."""

    __slots__ = ()

    def __repr__(self) -> str:
        try:
            return int.__repr__(self)
        except ValueError:
            return f"<int of {self.bit_length()} bits>"

    __str__ = __repr__


class QuietArray(np.ndarray[Any, Any]):
    """An array whose ``repr`` tells its type and shape; ``str`` is numpy's."""

    def __repr__(self) -> str:
        return f"<{self.dtype} array of shape {self.shape}>"


def printable(value: Any) -> Any:
    """Return ``value``, or its equal with a short text; looks into lists, tuples and dicts."""
    kind = type(value)
    if kind is int:
        return LongInt(value) if value.bit_length() > _ALWAYS_PRINTABLE_BITS else value
    if kind is np.ndarray:
        return value.view(QuietArray)
    if kind is list or kind is tuple:
        shown = [printable(item) for item in value[:SHOWN_ITEMS]]
        if all(new is old for new, old in zip(shown, value, strict=False)):
            return value
        return kind([*shown, *value[SHOWN_ITEMS:]])
    if kind is dict:
        return {key: printable(item) for key, item in value.items()}
    return value
