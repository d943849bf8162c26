"""The run in equal intervals: how much happened in each, how long it took, and where the time
went."""

from collections.abc import Sequence
from itertools import pairwise
from math import floor, log2
from typing import Any

from orchestrator.judge.histogram import NS_PER_MS, Distribution, middle
from orchestrator.report.stored import StoredTask, first_known

MOST_INTERVALS = 150
WIDTHS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
GAPS = ("publish", "queue_wait", "prefetch_wait", "run", "result_lag")
"""The five parts of a task's life; here ``publish`` begins at the intended time."""
LATENCIES = ("task_duration", "queue_wait", "run")
PERCENTILES = (50, 95, 99)
ROWS_PER_OCTAVE = 3
LOWEST_MS = 0.01


def width_s(load_s: float) -> float:
    """The width of an interval, so that a load is not cut into too many."""
    for width in WIDTHS_S:
        if load_s / width <= MOST_INTERVALS:
            return width
    return load_s / MOST_INTERVALS


def gaps_ms(task: StoredTask) -> tuple[float | None, ...]:
    """The task's `GAPS`, in their order."""
    begin = first_known(task.intended, task.sent)
    points = (begin, task.published, task.received, task.started, task.finished, task.seen)
    return tuple(_between(start, end) for start, end in pairwise(points))


def duration_ms(task: StoredTask) -> float | None:
    """``task_duration``, as the metric is defined."""
    return _between(first_known(task.intended, task.published), task.seen)


class Intervals:
    """Takes tasks, in any order; a task's latency is filed under when its result was seen."""

    def __init__(self, load_s: float) -> None:
        self.width_s = width_s(load_s)
        self._intended: list[int] = []
        self._published: list[int] = []
        self._completed: list[int] = []
        self._not_ok: list[int] = []
        self._latency: dict[str, dict[int, Distribution]] = {name: {} for name in LATENCIES}
        self._gap_total: dict[int, list[float]] = {}
        self._gap_count: dict[int, list[int]] = {}

    def add(self, task: StoredTask) -> None:
        self._count(self._intended, first_known(task.intended, task.published))
        self._count(self._published, task.published)
        self._count(self._completed, task.seen)
        if task.verdict != "ok":
            self._count(self._not_ok, first_known(task.seen, task.published, task.intended))
        if task.seen is None:
            return
        index = self._index(task.seen)
        gaps = gaps_ms(task)
        self._add_gaps(index, gaps)
        for name, value in zip(LATENCIES, (duration_ms(task), gaps[1], gaps[3]), strict=True):
            if value is not None:
                cell = self._latency[name].get(index)
                if cell is None:
                    cell = self._latency[name][index] = Distribution()
                cell.add(round(value * NS_PER_MS))

    def data(self) -> dict[str, Any]:
        """Columns, one value for each interval; counts are per second, times in ms."""
        columns = (self._intended, self._published, self._completed, self._not_ok)
        count = max(map(len, columns))
        return {
            "width_s": self.width_s,
            "at_s": [round(index * self.width_s, 3) for index in range(count)],
            **{
                name: [round(number / self.width_s, 3) for number in _padded(column, count)]
                for name, column in zip(
                    ("intended", "published", "completed", "not_ok"), columns, strict=True
                )
            },
            "latency": {name: self._percentiles(name, count) for name in LATENCIES},
            "gaps": self._gap_means(count),
            "heat": self._heat(),
        }

    # ---- how ----

    def _index(self, at_ms: float) -> int:
        return max(0, int(at_ms / 1000 / self.width_s))

    def _count(self, column: list[int], at_ms: float | None) -> None:
        if at_ms is None:
            return
        index = self._index(at_ms)
        if index >= len(column):
            column.extend([0] * (index + 1 - len(column)))
        column[index] += 1

    def _add_gaps(self, index: int, gaps: Sequence[float | None]) -> None:
        total = self._gap_total.setdefault(index, [0.0] * len(GAPS))
        count = self._gap_count.setdefault(index, [0] * len(GAPS))
        for place, gap in enumerate(gaps):
            if gap is not None:
                total[place] += gap
                count[place] += 1

    def _gap_means(self, count: int) -> dict[str, list[float | None]]:
        means: dict[str, list[float | None]] = {name: [None] * count for name in GAPS}
        for index, totals in self._gap_total.items():
            for place, name in enumerate(GAPS):
                if known := self._gap_count[index][place]:
                    means[name][index] = round(totals[place] / known, 3)
        return means

    def _percentiles(self, name: str, count: int) -> dict[str, list[float | None]]:
        columns: dict[str, list[float | None]] = {
            **{f"p{percent}": [None] * count for percent in PERCENTILES},
            "max": [None] * count,
        }
        for index, cell in self._latency[name].items():
            for percent in PERCENTILES:
                columns[f"p{percent}"][index] = round(cell.percentile(percent) / NS_PER_MS, 3)
            columns["max"][index] = round(cell.high / NS_PER_MS, 3)
        return columns

    def _heat(self) -> list[tuple[int, int, int]]:
        """How many tasks: (interval, row of `row_of`, count)."""
        cells = []
        for index, cell in sorted(self._latency["task_duration"].items()):
            cells += [(index, row, count) for row, count in sorted(rows(cell).items())]
        return cells


def rows(distribution: Distribution) -> dict[int, int]:
    """The distribution in rows of a third of an octave."""
    found: dict[int, int] = {}
    for bucket, count in distribution.counts().items():
        row = row_of(middle(bucket) / NS_PER_MS)
        found[row] = found.get(row, 0) + count
    return found


def row_of(ms: float) -> int:
    """The row of a duration; row r begins at ``LOWEST_MS * 2 ** (r / ROWS_PER_OCTAVE)``."""
    return max(0, floor(log2(max(ms, LOWEST_MS) / LOWEST_MS) * ROWS_PER_OCTAVE))


def _between(begin: float | None, end: float | None) -> float | None:
    return None if begin is None or end is None else max(0.0, end - begin)


def _padded(column: list[int], count: int) -> list[int]:
    return column + [0] * (count - len(column))
