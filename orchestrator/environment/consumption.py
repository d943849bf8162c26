"""Stops the workers that we started from consuming some of their queues, and lets them go on.

Celery's own remote control does it (``cancel_consumer``, ``add_consumer``): it works in every kind
of pool, and a message that a worker had asked for at that moment goes back to its queue. Only our
own workers are told: their node names end with the run's id."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import anyio
import anyio.to_thread
from celery import Celery

from orchestrator.errors import EnvironmentNotReady
from orchestrator.records import PoolPlan

REPLY_S = 10.0
"""How long the workers may take to answer: a solo worker does so between two tasks."""

LOOK_AGAIN_S = 0.01


class Consumption:
    """What the pools of a run consume. ``run_id`` is how the node names of their workers end."""

    def __init__(self, app: Celery, pools: Sequence[PoolPlan], run_id: str) -> None:
        self._app = app
        self._pools = pools
        self._run_id = run_id

    async def pause(self, queues: Iterable[str]) -> None:
        """Returns when no worker consumes any of the queues any more.

        Raises `EnvironmentNotReady` when one does not say so."""
        for queue in sorted(set(queues)):
            await self._tell(queue, "cancel_consumer", consumes=False)

    async def resume(self, queues: Iterable[str]) -> None:
        """Returns when every worker of the queues consumes them again.

        Raises `EnvironmentNotReady` when one does not say so."""
        for queue in sorted(set(queues)):
            await self._tell(queue, "add_consumer", consumes=True)

    async def _tell(self, queue: str, command: str, *, consumes: bool) -> None:
        nodes = self._nodes(queue)
        with anyio.move_on_after(REPLY_S):
            await self._ask(nodes, command, {"queue": queue})
            # The answer comes before the deed: the worker's loop does it when it comes round.
            while True:
                if await self._consuming(nodes, queue) == (set(nodes) if consumes else set()):
                    return
                await anyio.sleep(LOOK_AGAIN_S)
        raise EnvironmentNotReady(
            f"{', '.join(nodes)}: no agreement on {command} of the queue {queue!r} "
            f"within {REPLY_S:g} s"
        )

    async def _consuming(self, nodes: Sequence[str], queue: str) -> set[str]:
        """Which of the nodes consume the queue; one that does not answer counts as neither."""
        replies = await self._ask(nodes, "active_queues", {})
        if replies.keys() != set(nodes):
            return {"no answer"}
        return {node for node, said in replies.items() if queue in {each["name"] for each in said}}

    async def _ask(
        self, nodes: Sequence[str], command: str, arguments: Mapping[str, Any]
    ) -> dict[str, Any]:
        """What each node says, by its name without the host."""

        def ask() -> list[dict[str, Any]]:
            with self._app.connection_for_write() as connection:
                replies: list[dict[str, Any]] | None = self._app.control.broadcast(
                    command,
                    arguments=dict(arguments),
                    connection=connection,
                    reply=True,
                    timeout=REPLY_S,
                    limit=len(nodes),
                    pattern=_exactly(nodes),
                    matcher="pcre",
                )
            return replies or []

        replies = await anyio.to_thread.run_sync(ask, abandon_on_cancel=True) if nodes else []
        return {node.partition("@")[0]: said for reply in replies for node, said in reply.items()}

    def _nodes(self, queue: str) -> list[str]:
        """The workers of a queue: node names without their hosts."""
        return [
            f"{pool.name}-{index}.{self._run_id}"
            for pool in self._pools
            if queue in pool.queues
            for index in range(pool.count)
        ]


def _exactly(nodes: Iterable[str]) -> str:
    return f"^({'|'.join(map(re.escape, nodes))})@"
