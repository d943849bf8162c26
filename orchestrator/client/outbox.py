"""Canvases that many callers submit at about the same time go out in one write.

Who submits while nobody else does is sent at once. Who submits while another's messages are on
their way joins all those that come in the same turn of the event loop: one command and one reply
for all of them, where each would have had its own.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from orchestrator.client.background import Background
from orchestrator.client.capture import Captured
from orchestrator.errors import PublishUncertain

Send = Callable[[Sequence[Captured]], Awaitable[None]]


class Outbox:
    """``send`` is a sender's: it raises `PublishUncertain` with the ids of what may have been sent,
    and anything else when nothing was. Closing is for `Background`, after the sender's links."""

    def __init__(self, send: Send, background: Background) -> None:
        self._send = send
        self._background = background
        self._sending = 0
        self._batch: _Batch | None = None

    async def send(self, captured: Captured) -> None:
        """Send one canvas, perhaps with others; returns when the broker has confirmed it.

        Raises what sending it alone raises."""
        if not self._sending:
            return await self._alone(captured)
        batch = self._batch or self._new_batch()
        batch.canvases.append(captured)
        # A caller that is cancelled does not stop what is as good as on its way.
        await asyncio.shield(batch.ended)
        await self._concerning(captured, batch.error)

    async def _alone(self, captured: Captured) -> None:
        self._sending += 1
        try:
            await self._send([captured])
        finally:
            self._sending -= 1

    def _new_batch(self) -> "_Batch":
        batch = self._batch = _Batch()
        # A task starts in the next turn of the loop: until then others can join.
        self._background.start(self._carry_out(batch), name="orchestrator client: submissions")
        return batch

    async def _carry_out(self, batch: "_Batch") -> None:
        self._batch = None
        self._sending += 1
        try:
            await self._send(batch.canvases)
        except Exception as exc:  # each caller is told what of it concerns it
            batch.error = exc
        except asyncio.CancelledError:
            batch.error = PublishUncertain("the client was closed", task_ids=batch.task_ids)
            raise
        finally:
            self._sending -= 1
            batch.ended.set_result(None)

    async def _concerning(self, captured: Captured, error: Exception | None) -> None:
        """What became of one canvas of a batch that ended so."""
        if error is None:
            return
        if not isinstance(error, PublishUncertain):
            # Nothing was sent. Whose fault that is, each finds out by itself.
            return await self._alone(captured)
        if mine := set(captured.task_ids).intersection(error.task_ids):
            ids = [task_id for task_id in captured.task_ids if task_id in mine]
            raise type(error)(str(error), task_ids=ids) from error


class _Batch:
    def __init__(self) -> None:
        self.canvases: list[Captured] = []
        self.error: Exception | None = None
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def task_ids(self) -> list[str]:
        return [task_id for canvas in self.canvases for task_id in canvas.task_ids]
