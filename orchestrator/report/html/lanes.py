"""Which task ran when and where, for runs that are small enough to be drawn task by task."""

from typing import Any

from orchestrator.report.stored import StoredTask

MOST_TASKS = 3000


class Lanes:
    """Keeps the executions of a small run, and nothing of a larger one."""

    def __init__(self) -> None:
        self._runs: dict[str, list[tuple[float, float, str, str]]] | None = {}
        self._count = 0

    def add(self, task: StoredTask) -> None:
        if self._runs is None or task.started is None or task.finished is None:
            return
        self._count += 1
        if self._count > MOST_TASKS:
            self._runs = None
            return
        run = (task.started, max(task.started, task.finished), task.task, task.verdict)
        self._runs.setdefault(task.worker, []).append(run)

    def data(self) -> dict[str, Any] | None:
        """Per worker process the tasks in lanes, one below the other where they overlap; None for a
        run that is too large, or of which no execution is known."""
        if not self._runs:
            return None
        names = sorted({run[2] for runs in self._runs.values() for run in runs})
        number = {name: index for index, name in enumerate(names)}
        return {
            "names": names,
            "workers": [
                {"worker": worker, **_laned(runs, number)}
                for worker, runs in sorted(self._runs.items())
            ],
        }


def _laned(runs: list[tuple[float, float, str, str]], number: dict[str, int]) -> dict[str, Any]:
    """Each run in the first lane that is free when it starts."""
    free_at: list[float] = []
    placed = []
    for started, finished, name, verdict in sorted(runs):
        lane = next((index for index, at in enumerate(free_at) if at <= started), len(free_at))
        free_at[lane : lane + 1] = [finished]
        placed.append([lane, round(started, 3), round(finished, 3), number[name], verdict == "ok"])
    return {"lanes": len(free_at), "runs": placed}
