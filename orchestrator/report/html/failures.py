"""What went wrong, grouped: the same verdict, task and reason is one line with its ids."""

import re
from collections.abc import Mapping
from typing import Any

from orchestrator.report.stored import StoredTask, first_known

MOST_GROUPS = 100
MOST_IDS = 10
_VARYING = re.compile(r"0x[0-9a-f]+|[0-9a-f]{8}-[0-9a-f-]{27}|\d+")


class Failures:
    """Groups the tasks that are not ok. ``tracebacks`` is by task id."""

    def __init__(self, tracebacks: Mapping[str, str]) -> None:
        self._tracebacks = tracebacks
        self._groups: dict[tuple[str, str, str], dict[str, Any]] = {}
        self._left_out = 0

    def add(self, task: StoredTask) -> None:
        if task.verdict == "ok":
            return
        key = (task.verdict, task.task, _VARYING.sub("#", task.reason))
        group = self._groups.get(key)
        if group is None:
            if len(self._groups) >= MOST_GROUPS:
                self._left_out += 1
                return
            group = self._groups[key] = {
                "verdict": task.verdict,
                "task": task.task,
                "reason": task.reason,
                "count": 0,
                "ids": [],
                "workers": [],
                "first_ms": None,
                "traceback": None,
            }
        self._note(group, task)

    def data(self) -> dict[str, Any]:
        """The groups, the largest first, and how many tasks are in none of them."""
        groups = sorted(self._groups.values(), key=lambda group: -group["count"])
        return {"groups": groups, "left_out": self._left_out}

    def _note(self, group: dict[str, Any], task: StoredTask) -> None:
        group["count"] += 1
        at_ms = first_known(task.seen, task.published, task.intended)
        if at_ms is not None and (group["first_ms"] is None or at_ms < group["first_ms"]):
            group["first_ms"] = at_ms
        if len(group["ids"]) < MOST_IDS:
            group["ids"].append(task.id)
        if task.worker and task.worker not in group["workers"] and len(group["workers"]) < MOST_IDS:
            group["workers"].append(task.worker)
        if group["traceback"] is None:
            group["traceback"] = self._tracebacks.get(task.id)
