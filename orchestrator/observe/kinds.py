"""What many tasks have in common, and how many there are of each kind so far."""

from dataclasses import dataclass
from typing import NamedTuple

from orchestrator.observe.names import Names
from orchestrator.records import LiveTasks


class Kind(NamedTuple):
    """What many tasks have in common."""

    workload: str
    task: str
    queue: str
    direct: bool
    ignored: bool


@dataclass(slots=True)
class Tally:
    """How many tasks of a kind were sent, and ended as SUCCESS and as FAILURE."""

    sent: int = 0
    succeeded: int = 0
    failed: int = 0


class Kinds(Names[Kind]):
    """The kinds by number, each with its tally."""

    def __init__(self) -> None:
        super().__init__()
        self.tallies: list[Tally] = []

    def number(self, value: Kind) -> int:
        number = self._numbers.get(value)
        if number is None:
            self.tallies.append(Tally())
            return super().number(value)
        return number

    def tasks(self) -> tuple[LiveTasks, ...]:
        """The totals for each task and queue, in the order in which they came."""
        totals: dict[tuple[str, str], Tally] = {}
        for kind, tally in zip(self._values, self.tallies, strict=True):
            total = totals.setdefault((kind.task, kind.queue), Tally())
            total.sent += tally.sent
            total.succeeded += tally.succeeded
            total.failed += tally.failed
        return tuple(
            LiveTasks(*names, total.sent, total.succeeded, total.failed)
            for names, total in totals.items()
        )
