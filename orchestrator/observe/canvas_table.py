"""How each iteration ended, in columns: some 60 bytes a canvas, and nothing for the garbage
collector to look through."""

from array import array
from collections.abc import Iterator
from typing import get_args

from orchestrator.observe.names import Names
from orchestrator.records import CanvasOutcome, CanvasState

UNKNOWN = -1
_STATES: tuple[CanvasState, ...] = get_args(CanvasState)
_RUNNING = len(_STATES)


class CanvasTable:
    """One row for each canvas that was submitted; iterating gives those that have ended."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, int], int] = {}
        self._workloads: Names[str] = Names()
        self._workload = array("H")
        self._iteration = array("q")
        self._times = tuple(array("q") for _ in range(5))
        self._state = bytearray()
        self._errors: dict[int, str] = {}

    def open(self, workload: str, iteration: int) -> int:
        """A new canvas; gives its row."""
        row = len(self._state)
        self._open[workload, iteration] = row
        self._workload.append(self._workloads.number(workload))
        self._iteration.append(iteration)
        for column in self._times:
            column.append(UNKNOWN)
        self._state.append(_RUNNING)
        return row

    def end(self, outcome: CanvasOutcome) -> None:
        """The canvas has ended; one that was not opened is not ours."""
        row = self._open.pop((outcome.workload, outcome.iteration), None)
        if row is None:
            return
        seen_ns = UNKNOWN if outcome.seen_ns is None else outcome.seen_ns
        times = (
            outcome.intended_ns, outcome.sent_ns, outcome.published_ns, seen_ns, outcome.ended_ns,
        )  # fmt: skip
        for column, at_ns in zip(self._times, times, strict=True):
            column[row] = at_ns
        self._state[row] = _STATES.index(outcome.state)
        if outcome.error is not None:
            self._errors[row] = outcome.error

    def state(self, row: int) -> CanvasState | None:
        """How it ended; None while it has not."""
        code = self._state[row]
        return None if code == _RUNNING else _STATES[code]

    def iteration(self, row: int) -> int:
        return self._iteration[row]

    def intended_ns(self, row: int) -> int:
        return self._times[0][row]

    def ended_ns(self, row: int) -> int:
        return self._times[4][row]

    def __iter__(self) -> Iterator[CanvasOutcome]:
        return (self._outcome(row) for row in range(len(self._state)) if self.state(row))

    def _outcome(self, row: int) -> CanvasOutcome:
        intended_ns, sent_ns, published_ns, seen_ns, ended_ns = (
            column[row] for column in self._times
        )
        return CanvasOutcome(
            workload=self._workloads[self._workload[row]],
            iteration=self._iteration[row],
            intended_ns=intended_ns,
            sent_ns=sent_ns,
            published_ns=published_ns,
            seen_ns=None if seen_ns == UNKNOWN else seen_ns,
            state=_STATES[self._state[row]],
            error=self._errors.get(row),
            ended_ns=ended_ns,
        )
