"""Makes the result object that a captured `apply_async` returned what a stock one would be."""

from typing import Any

from celery.result import ResultSet
from vine import barrier

from orchestrator.client.result_tree import all_results


def bound_to(backend: Any, result: Any) -> Any:
    """Bind the result, its members and parents to the app's real backend.

    While it was captured it was bound to one that neither stores nor subscribes. Nothing is sent
    here either: a group subscribes to its members when its own `get()` is called, not before.
    """
    for node in all_results(result):
        if isinstance(node, ResultSet):
            node._set_ready_barrier(_LateBarrier(node.results))
        elif node.backend is not None:
            node.backend = backend
    return result


class _LateBarrier(barrier):
    """Waits for its members from `finalize` on, which stock `get()` calls before it waits."""

    def __init__(self, members: Any) -> None:
        super().__init__()
        self._members = members

    def finalize(self) -> None:
        members, self._members = self._members, ()
        for member in members:
            if isinstance(member, ResultSet):
                member._on_full.finalize()
            self.size += 1
            member.then(self)
        super().finalize()
