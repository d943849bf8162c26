"""What an executor acts on."""

from typing import Protocol


class Iterations(Protocol):
    """The iterations of one workload. ``run`` awaits one iteration's end; ``start`` does not wait
    for it; ``drop`` counts those that should have been started and were not."""

    async def run(self, iteration: int, intended_ns: int) -> None: ...

    def start(self, iteration: int, intended_ns: int) -> None: ...

    def drop(self, count: int) -> None: ...

    @property
    def in_flight(self) -> int: ...

    async def published(self, left: int) -> None:
        """Wait until at most ``left`` of those that were started are still on their way to the
        broker."""

    async def ended(self, count: int) -> tuple[int, int]:
        """Wait until so many have ended, in whatever way; gives the times at which the first and
        the last of them did (monotonic ns)."""

    async def pause(self) -> None:
        """Keep the workers from consuming the queues of this workload."""

    async def resume(self) -> None:
        """Let them consume again."""

    def drained(self, *, fill_s: float, drain_s: float, iterations: int) -> None:
        """A backlog was filled and drained."""
