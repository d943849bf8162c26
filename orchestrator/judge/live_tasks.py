"""How many tasks of each name were sent, and how they ended, while the run works.

Once a second the rows that are new since the last time are counted, a fraction of a microsecond
each."""

from array import array
from collections import Counter

from orchestrator.observe.timeline import Timeline
from orchestrator.records import LiveTasks


class TaskCounts:
    """Call `second` with the rows whose results came since the last time."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._rows = 0
        self._sent: Counter[tuple[str, str]] = Counter()
        self._succeeded: Counter[tuple[str, str]] = Counter()
        self._failed: Counter[tuple[str, str]] = Counter()

    def second(self, ended: "array[int]") -> None:
        rows, sent = self._timeline.sent_since(self._rows)
        self._rows = rows
        self._sent += sent
        for (task, queue, state), count in self._timeline.ended_as(ended).items():
            if state == "SUCCESS":
                self._succeeded[task, queue] += count
            elif state == "FAILURE":
                self._failed[task, queue] += count

    def now(self) -> tuple[LiveTasks, ...]:
        """For each task and queue, the totals so far."""
        return tuple(
            LiveTasks(task, queue, sent, self._succeeded[task, queue], self._failed[task, queue])
            for (task, queue), sent in self._sent.items()
        )
