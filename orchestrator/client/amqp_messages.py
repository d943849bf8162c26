"""Messages for RabbitMQ, and the pieces in which they are written."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

from orchestrator.client.amqp_wire import content_frames, publish_frames, publish_method

if TYPE_CHECKING:
    from orchestrator.client.messages import Messages

PIECE_BYTES = 1 << 18
PIECE_MESSAGES = 512
"""Written at a time: large enough to cost little, small enough to let results in between."""


@dataclass(frozen=True, slots=True)
class AmqpMessage:
    """A message, encoded. ``task_id`` is "" for what is not a task.

    A ``mandatory`` message is handed back by the broker when no queue takes it, instead of dropped.
    ``confirm_timeout_s`` bounds the wait for the broker's confirmation.
    """

    exchange: str
    routing_key: str
    properties: bytes
    body: bytes
    task_id: str = ""
    mandatory: bool = False
    confirm_timeout_s: float | None = None

    def frames(self, channel: int, frame_max: int) -> bytes:
        return publish_frames(
            channel,
            self.exchange,
            self.routing_key,
            self.properties,
            self.body,
            mandatory=self.mandatory,
            frame_max=frame_max,
        )


@dataclass(frozen=True, slots=True)
class Piece:
    """Frames of some messages: their tasks, one for each, and the exchanges they go to."""

    task_ids: Sequence[str]
    exchanges: frozenset[str]
    data: bytes


def pieces(messages: Iterable[AmqpMessage], channel: int, frame_max: int) -> Iterator[Piece]:
    """The messages in order, some at a time."""
    taken: list[AmqpMessage] = []
    frames: list[bytes] = []
    size = 0
    for message in messages:
        taken.append(message)
        frames.append(message.frames(channel, frame_max))
        size += len(frames[-1])
        if size >= PIECE_BYTES or len(taken) >= PIECE_MESSAGES:
            yield _piece(taken, frames)
            taken, frames, size = [], [], 0
    if taken:
        yield _piece(taken, frames)


def made_pieces(messages: "Messages", channel: int, frame_max: int) -> Iterator[Piece]:
    """The same for task messages that were made by template."""
    at = 0
    for (exchange, routing_key), made in messages.pushes():
        method = publish_method(channel, exchange, routing_key, mandatory=True)
        frames = [
            method + content_frames(channel, properties, body, frame_max)
            for properties, body in made
        ]
        task_ids = Stretch(messages.ids, at, len(made))
        at += len(made)
        yield Piece(task_ids, frozenset((exchange,)), b"".join(frames))


def _piece(messages: Sequence[AmqpMessage], frames: Iterable[bytes]) -> Piece:
    return Piece(
        [message.task_id for message in messages],
        frozenset(message.exchange for message in messages),
        b"".join(frames),
    )


class Stretch(Sequence[str]):
    """Some consecutive ids of many, without a copy of them."""

    __slots__ = ("_begin", "_count", "_ids")

    def __init__(self, ids: Sequence[str], begin: int, count: int) -> None:
        self._ids = ids
        self._begin = begin
        self._count = count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> list[str]: ...

    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(self._count))]
        if not -self._count <= index < self._count:
            raise IndexError(index)
        return self._ids[self._begin + index % self._count]
