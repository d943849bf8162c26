"""The iterations of each workload: how large, how long, and the slowest one task by task."""

from collections.abc import Sequence
from typing import Any

from orchestrator.report.stored import StoredTask, first_known

TASKS_SHOWN = 60
"""Of the slowest canvas: its slowest tasks, when it has more."""


class Canvases:
    """Takes the tasks in the order in which they were sent: those of one iteration follow each
    other."""

    def __init__(self) -> None:
        self._open: list[StoredTask] = []
        self._found: dict[str, dict[str, Any]] = {}

    def add(self, task: StoredTask) -> None:
        first = self._open[0] if self._open else task
        if (task.workload, task.iteration) != (first.workload, first.iteration):
            self._close()
        self._open.append(task)

    def data(self) -> dict[str, Any]:
        """For each workload how many tasks its iterations have, and its slowest one."""
        self._close()
        return self._found

    def _close(self) -> None:
        tasks, self._open = self._open, []
        if not tasks:
            return
        about = self._found.setdefault(
            tasks[0].workload, {"fewest": len(tasks), "most": 0, "slowest": None}
        )
        about["fewest"] = min(about["fewest"], len(tasks))
        about["most"] = max(about["most"], len(tasks))
        begin, end = _span(tasks)
        slowest = about["slowest"]
        if end > begin and (slowest is None or end - begin > slowest["ms"]):
            about["slowest"] = {
                "iteration": tasks[0].iteration,
                "ms": round(end - begin, 3),
                "tasks_count": len(tasks),
                "tasks": [_bars(task, begin) for task in _shown(tasks)],
            }


def _span(tasks: Sequence[StoredTask]) -> tuple[float, float]:
    begins = [
        at for task in tasks if (at := first_known(task.intended, task.published)) is not None
    ]
    ends = [task.seen for task in tasks if task.seen is not None]
    return min(begins, default=0.0), max(ends, default=0.0)


def _shown(tasks: Sequence[StoredTask]) -> Sequence[StoredTask]:
    if len(tasks) <= TASKS_SHOWN:
        return tasks
    chosen = sorted(range(len(tasks)), key=lambda index: -(tasks[index].seen or 0.0))[:TASKS_SHOWN]
    return [tasks[index] for index in sorted(chosen)]


def _bars(task: StoredTask, begin: float) -> dict[str, Any]:
    """The task's points in ms after the canvas's beginning; an unknown one is None."""
    first = first_known(task.intended, task.sent)
    points = (first, task.published, task.received, task.started, task.finished, task.seen)
    shifted = [None if at is None else round(max(0.0, at - begin), 3) for at in points]
    return {
        "id": task.id,
        "task": task.task,
        "points": _in_order(shifted),
        "verdict": task.verdict,
    }


def _in_order(points: list[float | None]) -> list[float | None]:
    """A worker may have a task before the broker's reply has reached us: no bar goes backwards."""
    latest = 0.0
    ordered: list[float | None] = []
    for point in points:
        if point is not None:
            latest = max(latest, point)
        ordered.append(None if point is None else latest)
    return ordered
