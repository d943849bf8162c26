"""The backlog of a RabbitMQ: how many messages each queue holds, and which tasks are still in it.

The depth is what `queue.declare` answers when it is passive: messages that are ready. What a worker
holds unacknowledged only the management plugin tells, and that is not everywhere: the probes in our
own workers know it; without them it is unknown.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

import anyio
from amqp import spec

from orchestrator.client.amqp_channel import (
    NOT_FOUND,
    AmqpChannel,
    AmqpConnectionLost,
    ChannelClosed,
)
from orchestrator.client.amqp_frames import Content
from orchestrator.client.amqp_link import AmqpLink
from orchestrator.client.amqp_wire import arguments, read_arguments
from orchestrator.errors import BrokerUnavailable

PEEK_S = 10.0
"""How long looking into one queue may take."""

_QUIET_S = 0.25
_CLOSE_S = 1.0


class RabbitBacklog:
    """Reads the depth of ``queues``. Close it with ``aclose``.

    ``private``: `task_ids` takes the messages out and puts them back, which marks them as
    redelivered; else it only counts them. ``held`` tells how many tasks the workers hold.
    """

    def __init__(
        self,
        link: AmqpLink,
        queues: Iterable[str],
        *,
        private: bool,
        held: Callable[[], int] | None = None,
    ) -> None:
        self._link = link
        self._queues = tuple(sorted(queues))
        self._private = private
        self._held = held
        self._channel: AmqpChannel | None = None

    async def depths(self) -> dict[str, int]:
        """Messages that are ready in each queue that exists, and ``unacked`` where it is known."""
        depths = {}
        for queue in self._queues:
            ready = await self._ready(queue)
            if ready is not None:
                depths[queue] = ready
        return depths if self._held is None else {**depths, "unacked": self._held()}

    async def task_ids(self, outstanding: Mapping[str, Sequence[str]]) -> set[str]:
        """The ids of the tasks that are ready in the queues.

        On a broker that others use too the messages are left alone: of a queue that holds n of
        them, the n tasks that were sent last are said to be in it (a queue gives the oldest first).
        """
        found: set[str] = set()
        for queue in self._queues:
            ready = await self._ready(queue)
            if not ready:
                continue
            if self._private:
                found |= await self._peek(queue, ready)
            else:
                found.update(outstanding.get(queue, ())[-ready:])
        return found

    async def consumers(self) -> dict[str, int]:
        """How many consumers each queue that exists has."""
        found = {}
        for queue in self._queues:
            if (state := await self._state(queue)) is not None:
                found[queue] = state[1]
        return found

    async def aclose(self) -> None:
        await self._link.close(within_s=_CLOSE_S)

    async def _ready(self, queue: str) -> int | None:
        state = await self._state(queue)
        return None if state is None else state[0]

    async def _state(self, queue: str) -> tuple[int, int] | None:
        """(messages that are ready, consumers); None when there is no such queue."""
        passive, others = True, (False, False, False, False)
        payload = arguments("BsbbbbbF", 0, queue, passive, *others, {})
        try:
            answer = await (await self._open()).call(spec.Queue.Declare, payload)
        except ChannelClosed as exc:
            if exc.code == NOT_FOUND:
                return None
            raise self._link.unavailable(f"queue {queue!r}: {exc}") from exc
        except AmqpConnectionLost as exc:
            raise self._link.unavailable(str(exc)) from exc
        _, ready, consumers = read_arguments("sll", answer)
        return int(ready), int(consumers)

    async def _open(self) -> AmqpChannel:
        if self._channel is None or self._channel.closed is not None:
            self._channel = await (await self._link.ready()).channel()
        return self._channel

    async def _peek(self, queue: str, count: int) -> set[str]:
        """The ids of up to ``count`` messages. They are never acknowledged, so all of them are back
        in their places when the channel is closed."""
        found: set[str] = set()
        seen = 0

        def note(content: Content) -> None:
            nonlocal seen
            seen += 1
            found.add(str(content.properties().get("correlation_id", "")))

        try:
            channel = await (await self._link.ready()).channel()
            await channel.consume(queue, note, lambda: None, no_ack=False)
            with anyio.move_on_after(PEEK_S):
                before = -1
                # Workers may take some of them meanwhile: the end is when no more come.
                while before < seen < count:
                    before = seen
                    await anyio.sleep(_QUIET_S)
            await channel.close()
        except (ChannelClosed, AmqpConnectionLost) as exc:
            raise BrokerUnavailable(f"the queue {queue!r} cannot be read: {exc}") from exc
        return found
