"""What a connected session is made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from orchestrator.client import patience
from orchestrator.client.capture import Captured, Capturer
from orchestrator.client.fast_road import FastRoad
from orchestrator.client.join import Join
from orchestrator.client.pages import Block


class Sender(Protocol):
    """Puts captured canvases onto the broker."""

    async def ready(self) -> None: ...

    async def send(self, captured: Sequence[Captured]) -> None: ...


class Listener(Protocol):
    """Receives results; see `ResultListener`."""

    @property
    def listening(self) -> bool:
        """False before the first `ready`, and while the connection is lost."""

    async def ready(self) -> None: ...

    async def keep(self) -> None: ...

    def add(self, join: Join) -> list[str]: ...

    async def watch(self, foreign: Sequence[str]) -> None: ...

    def discard(self, join: Join) -> None: ...

    def end(self, why: BaseException) -> None: ...

    async def close(self, *, within_s: float) -> None: ...


class Link(patience.Link, Protocol):
    """A connection that the session owns."""

    async def close(self, *, within_s: float) -> None: ...


class BlockListener(Protocol):
    """Receives the results of whole ranges of ids."""

    def add_block(self, block: Block) -> None: ...

    def discard_block(self, block: Block) -> None: ...


@dataclass(frozen=True, slots=True)
class Parts:
    """What a session is made of for one kind of broker and one kind of result backend.

    ``backend`` is the app's real one; ``broker`` records what is published to it; ``listener`` is
    None when there are no results; ``links`` are closed in this order. ``fast`` is the fast road,
    where there is one; ``blocks`` is the listener, then. ``joins_submits`` says that the sender's
    errors tell apart what several callers sent together.
    """

    backend: Any
    broker: Any
    capturer: Capturer
    sender: Sender
    listener: Listener | None
    links: Sequence[Link]
    fast: FastRoad | None = None
    blocks: BlockListener | None = None
    joins_submits: bool = False
