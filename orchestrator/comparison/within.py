"""What one run says of the accuracy of its own figures: its tasks and samples, cut into blocks of
time."""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orchestrator.judge.blocks import (
    FEWEST_BLOCKS,
    block_count,
    percentile_errors,
    ratio_error,
    resampled,
)
from orchestrator.records import FigureKey
from orchestrator.report.stored import StoredRun, StoredSeries, StoredTask, first_known
from orchestrator.scenario.changes import CPU
from orchestrator.scenario.quantities import duration_s

MS_PER_S = 1000.0
SHORTEST_SAMPLE_S = 0.5
"""The last sample of a run comes when it ends, which may be at once."""
GAP_POINTS: Mapping[str, tuple[str, str]] = {
    "schedule_lag": ("intended", "sent"),
    "publish": ("sent", "published"),
    "queue_wait": ("published", "received"),
    "prefetch_wait": ("received", "started"),
    "run": ("started", "finished"),
    "result_lag": ("finished", "seen"),
}
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class Names:
    """Texts as numbers, in the order in which they came."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}
        self.column = array("q")

    def add(self, text: str) -> None:
        self.column.append(self.known.setdefault(text, len(self.known)))

    def chosen(self, text: str) -> NDArray[np.bool_]:
        chosen: NDArray[np.bool_] = np.asarray(self.column) == self.known.get(text, -1)
        return chosen


class Canvases:
    """Takes the tasks of one iteration after the other; keeps how long each took, and until
    when."""

    def __init__(self) -> None:
        self.seen_ms = array("d")
        self.took_ms = array("d")
        self.workload = Names()

    def add(self, tasks: Sequence[StoredTask]) -> None:
        """All tasks of an iteration; one without all its results is left out."""
        begins = [at for task in tasks if (at := _begin(task)) is not None]
        ends = [task.seen for task in tasks if task.seen is not None]
        if begins and len(ends) == len(tasks):
            self.seen_ms.append(max(ends))
            self.took_ms.append(max(0.0, max(ends) - min(begins)))
            self.workload.add(tasks[0].workload)


class Tasks:
    """The tasks of the measured time that ended, in columns."""

    def __init__(self) -> None:
        self.started_ms = array("d")
        self.finished_ms = array("d")
        self.ended_ms = array("d")
        self.ok = array("b")
        self.gaps_ms = {name: array("d") for name in (*GAP_POINTS, "task_duration")}
        self.names = {name: Names() for name in ("task", "queue", "workload")}

    def add(self, task: StoredTask) -> None:
        ended = first_known(task.seen, task.finished)
        if ended is None:
            return
        finished = ended if task.finished is None else task.finished
        self.finished_ms.append(finished)
        self.started_ms.append(finished if task.started is None else task.started)
        self.ended_ms.append(ended)
        self.ok.append(task.verdict == "ok")
        for name, (begin, end) in GAP_POINTS.items():
            self.gaps_ms[name].append(_between(getattr(task, begin), getattr(task, end)))
        self.gaps_ms["task_duration"].append(_between(_begin(task), task.seen))
        for tag, names in self.names.items():
            names.add(getattr(task, tag))


def _begin(task: StoredTask) -> float | None:
    return first_known(task.intended, task.published)


def _between(begin: float | None, end: float | None) -> float:
    return nan if begin is None or end is None else max(0.0, end - begin)


class WithinRun:
    """Gives the relative standard error of any figure of one run."""

    def __init__(self, run: StoredRun, seed: int) -> None:
        self._from_s = _warmup_s(run.summary["scenario"])
        self._canvases, self._tasks = _gathered(run.tasks())
        self._series = run.series
        end_s = max(self._tasks.ended_ms, default=0.0) / MS_PER_S
        self._span_s = max(0.0, end_s - self._from_s)
        self.blocks = block_count(self._span_s)
        self._draws = resampled(self.blocks, seed) if self.blocks else np.empty((0, 0))
        self._seed = seed

    def error(self, key: FigureKey) -> float | None:
        """Of the logarithm of the figure; None where it cannot be told."""
        if not self.blocks:
            return None
        if key.metric == "throughput":
            return self._throughput(key)
        if key.metric == CPU and key.tag is None:
            return _cpu_error(self._series, self._from_s, self._seed)
        if key.metric == "canvas_duration":
            canvases = self._canvases
            chosen = None if key.tag is None else canvases.workload.chosen(key.tag[1])
            return self._trend(canvases.took_ms, canvases.seen_ms, chosen, key)
        if key.metric in self._tasks.gaps_ms:
            values = self._tasks.gaps_ms[key.metric]
            return self._trend(values, self._tasks.ended_ms, self._chosen(key), key)
        return None

    def _chosen(self, key: FigureKey) -> NDArray[np.bool_] | None:
        return None if key.tag is None else self._tasks.names[key.tag[0]].chosen(key.tag[1])

    def _throughput(self, key: FigureKey) -> float | None:
        chosen = np.asarray(self._tasks.ok, dtype=bool)
        if (of_tag := self._chosen(key)) is not None:
            chosen = chosen & of_tag
        started, finished = (
            np.asarray(points)[chosen] / MS_PER_S
            for points in (self._tasks.started_ms, self._tasks.finished_ms)
        )
        edges_s = self._from_s + self._span_s * np.arange(self.blocks + 1) / self.blocks
        # A task that runs through several blocks is a part of the work of each: counted where it
        # ends, tasks that are as long as a block would come in bursts that are no noise.
        took = np.maximum(finished - started, 1e-9)
        done: Floats = np.array(
            [np.clip((edge_s - started) / took, 0, 1).sum() for edge_s in edges_s]
        )
        return ratio_error(done[1:] - done[:-1], np.ones(self.blocks), self._draws)

    def _trend(
        self,
        values: "array[float]",
        at_ms: "array[float]",
        chosen: NDArray[np.bool_] | None,
        key: FigureKey,
    ) -> float | None:
        durations = np.asarray(values)
        known = ~np.isnan(durations)
        if chosen is not None:
            known = known & chosen
        durations, block_of = durations[known], self._block_of(np.asarray(at_ms)[known])
        if key.percentile is not None:
            # A tail is never known better than the median: where a queue grew and went, its top is
            # flat, and says nothing of how high the next one will be.
            percents = [key.percentile, min(50.0, key.percentile)]
            errors = percentile_errors(durations, block_of, self._draws, percents)
            return None if None in errors else max(each for each in errors if each is not None)
        if key.aggregation != "avg" or not len(durations):
            return None
        total = np.bincount(block_of, durations, minlength=self.blocks).astype(np.float64)
        count = np.bincount(block_of, minlength=self.blocks).astype(np.float64)
        return ratio_error(total, count, self._draws)

    def _block_of(self, at_ms: Floats) -> Integers:
        share = (at_ms / MS_PER_S - self._from_s) / self._span_s
        return np.clip((share * self.blocks).astype(np.int64), 0, self.blocks - 1)


def _gathered(tasks: Iterable[StoredTask]) -> tuple[Canvases, Tasks]:
    canvases, found = Canvases(), Tasks()
    measured = (task for task in tasks if task.measured)
    for _, of_iteration in groupby(measured, _iteration):  # they stand one after the other
        together = list(of_iteration)
        canvases.add(together)
        for task in together:
            found.add(task)
    return canvases, found


def _iteration(task: StoredTask) -> tuple[str, str]:
    return task.workload, task.iteration


def _warmup_s(scenario: Mapping[str, Any]) -> float:
    warmup = scenario.get("warmup")
    return duration_s(warmup) if isinstance(warmup, str) else 0.0


def _cpu_error(series: StoredSeries, from_s: float, seed: int) -> float | None:
    """Of CPU seconds per task: the samples of the run, a second each, are its blocks."""
    at_s = np.array([at or 0.0 for at in series.at_s])
    took_s = np.diff(at_s, prepend=0.0)
    pools = [column for name, column in series.cpu.items() if name != "orchestrator"]
    cores = np.array([[value or 0.0 for value in column] for column in pools]).sum(axis=0)
    done = np.array([count or 0.0 for count in series.completed])
    whole = (took_s > SHORTEST_SAMPLE_S) & (at_s - took_s >= from_s)
    if np.count_nonzero(whole) < FEWEST_BLOCKS:
        return None
    draws = resampled(int(np.count_nonzero(whole)), seed)
    return ratio_error((cores * took_s)[whole], done[whole], draws)
