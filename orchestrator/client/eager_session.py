"""The session of an eager app: tasks run when they are submitted, here; nothing is sent."""

from collections.abc import Sequence
from typing import Any

from celery import Celery
from celery.result import ResultSet

from orchestrator.client.failures import EmptyCanvas
from orchestrator.client.handle import Handle
from orchestrator.client.join import Join
from orchestrator.client.plain_joins import OnEnd, StreamBlock
from orchestrator.client.result_tree import all_results, result_tree
from orchestrator.records import TaskResult


class EagerSession:
    """For `task_always_eager`: tasks run when they are submitted, here, as in stock Celery."""

    results_disabled = False

    def __init__(self, app: Celery) -> None:
        self.app = app
        self.backend = None

    async def submit_all(
        self, signatures: Sequence[Any], timeout_s: float | None = None
    ) -> list[Handle]:
        return [self._run(signature) for signature in signatures]

    async def submit_block(
        self, signatures: Sequence[Any], first: int, on_end: OnEnd
    ) -> StreamBlock | None:
        """There is no template for running a task."""
        return None

    def _run(self, signature: Any) -> Handle:
        result = signature.apply_async()
        if result is None:
            raise EmptyCanvas
        join = Join(result_tree(result))
        for node in all_results(result):
            if not isinstance(node, ResultSet):
                join.deliver(eager_result(node))
        return Handle(self, join, result)

    def forget(self, join: Any) -> None:
        """Nothing is waited for."""

    def forget_soon(self, join: Any) -> None:
        """Nothing is waited for."""

    async def revoke(self, task_ids: list[str], *, terminate: bool, signal: str) -> None:
        """Every task has ended already."""

    async def close(self) -> None:
        """Nothing is open."""


def eager_result(node: Any) -> TaskResult:
    value = node.result
    if isinstance(value, BaseException) and node.failed():
        return TaskResult(node.id, node.state, None, value, 0, node.traceback)
    return TaskResult(node.id, node.state, value, None, 0)
