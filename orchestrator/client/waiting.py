"""Who waits for which result: task ids, and the joins that want them."""

import logging
from collections.abc import Callable, Sequence

from orchestrator.client.join import Join
from orchestrator.records import TaskResult

logger = logging.getLogger(__name__)

OnResult = Callable[[TaskResult], None]


class Waiting:
    """Delivers results to the joins that wait for them, and to ``on_result``.

    The methods that change who waits give the ids that nobody waited for before, or nobody waits
    for any more: a listener may have to subscribe to them.
    """

    def __init__(self, on_result: OnResult | None) -> None:
        self.reports = on_result is not None
        self.joins: dict[str, Join | list[Join]] = {}
        self._on_result = on_result

    def add(self, join: Join) -> list[str]:
        """Deliver to this join from now on; gives the ids that are new."""
        fresh = []
        for task_id in (*join.parents, *join.leaves):
            present = self.joins.get(task_id)
            if present is None:
                self.joins[task_id] = join
                fresh.append(task_id)
            elif isinstance(present, list):
                present.append(join)
            else:
                self.joins[task_id] = [present, join]
        return fresh

    def discard(self, join: Join) -> list[str]:
        """Deliver no more to this join; gives the ids that nobody waits for any more."""
        return [id for id in (*join.parents, *join.leaves) if self._remove(id, join)]

    def end(self, why: BaseException) -> None:
        """Nothing more will come, for anyone."""
        waiting, self.joins = self.joins, {}
        for joins in waiting.values():
            for join in joins if isinstance(joins, list) else (joins,):
                join.end(why)

    def deliver(self, result: TaskResult) -> Sequence[str]:
        """Hand out a result; gives the ids that nobody waits for any more."""
        waiting = self.joins.pop(result.id, None)
        if waiting is None:
            return ()
        gone = [result.id]
        for join in waiting if isinstance(waiting, list) else (waiting,):
            join.deliver(result)
            if join.complete and join.parents:
                gone += self.discard(join)
        return gone

    def report(self, result: TaskResult) -> None:
        """Call ``on_result``."""
        if self._on_result is None:
            return
        try:
            self._on_result(result)
        except Exception:  # a fault of the callback must not cost the connection
            logger.exception("on_result raised for task %s", result.id)

    def _remove(self, task_id: str, join: Join) -> bool:
        """True when nobody waits for the id any more."""
        present = self.joins.get(task_id)
        if present is join:
            del self.joins[task_id]
            return True
        if isinstance(present, list) and join in present:
            present.remove(join)
            if not present:
                del self.joins[task_id]
                return True
        return False
