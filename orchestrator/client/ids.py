"""Task ids that are valid UUIDs, are told apart from all others, and need one subscription for all.

Every id of one source is ``xxxxxxxx-xxxx-4xxx-yxxx-<counter>``: a UUID version 4 whose first four
groups are random and fixed for the source, and whose last group, twelve hexadecimal digits, counts
up. The channels of all their results therefore match one pattern, and one PSUBSCRIBE sees exactly
them.
"""

from itertools import count
from uuid import uuid4

PREFIX_LENGTH = len("xxxxxxxx-xxxx-4xxx-yxxx-")
COUNTER_DIGITS = 12


class IdSource:
    """Gives ids; may be called from any thread."""

    __slots__ = ("_counter", "prefix")

    def __init__(self) -> None:
        self.prefix = str(uuid4())[:PREFIX_LENGTH]
        self._counter = count(1)

    def __call__(self) -> str:
        return f"{self.prefix}{next(self._counter):0{COUNTER_DIGITS}x}"

    def owns(self, task_id: str) -> bool:
        """True when this source gave the id."""
        return task_id.startswith(self.prefix)
