"""Many canvases with back-pressure: taken one by one from any iterable, at most so many out at a
time."""

import asyncio
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Sequence
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

from orchestrator.client.background import Background

if TYPE_CHECKING:
    from orchestrator.client.handle import Handle
    from orchestrator.client.plain_joins import Ended, StreamBlock

BATCH = 64
"""Canvases captured and sent in one go: Celery's own code takes up to 0.2 ms for each, without a
pause."""

BLOCK = 1024
"""Single tasks sent in one go when they go by template, at some 5 us each."""

Signatures = Iterable[Any] | AsyncIterable[Any]


class Submitter(Protocol):
    """Sends for a stream: what `Session` has."""

    async def submit_all(self, signatures: Sequence[Any]) -> list["Handle"]: ...

    async def submit_block(
        self, signatures: Sequence[Any], first: int, on_end: Callable[[int, "Ended"], None]
    ) -> "StreamBlock | None": ...

    def forget(self, join: Any) -> None: ...


_CLOSE_S = 1.0


class Flow:
    """Sends the canvases and gives each as it ends. For one use; closing it forgets the rest.

    Sending goes on while the results are taken, so that neither waits for the other.
    """

    def __init__(self, submitter: Submitter, signatures: Signatures, in_flight: int) -> None:
        if in_flight < 1:
            raise ValueError(f"in_flight must be at least 1, not {in_flight}")
        self._submitter = submitter
        self._in_flight = in_flight
        self._wake = asyncio.Event()
        self._may_send = asyncio.Event()
        self._source = _source(signatures, self._may_send)
        self._handles: dict[int, Handle] = {}
        self._blocks: set[StreamBlock] = set()
        self._ended: deque[tuple[int, Ended | None]] = deque()
        self._background = Background()
        self._error: Exception | None = None
        self._all_sent = False
        self._out = 0
        self._sent = 0
        self._batch = BATCH

    async def ended(self) -> "AsyncIterator[tuple[int, Handle | Ended]]":
        """(index, handle) of the canvases, in the order in which they end."""
        self._background.start(self._send(), name="orchestrator client: sending a stream")
        try:
            while self._error is None:
                while self._ended:
                    index, ended = self._ended.popleft()
                    self._out -= 1
                    self._may_send.set()
                    yield index, self._handles.pop(index) if ended is None else ended
                if self._all_sent and not self._out:
                    return
                self._wake.clear()
                if not self._ended and self._error is None:
                    await self._wake.wait()
            raise self._error
        finally:
            await self._close()

    async def _close(self) -> None:
        await self._background.close(within_s=_CLOSE_S)
        await self._source.close()
        for block in self._blocks:
            self._submitter.forget(block)
        for handle in self._handles.values():
            handle.forget()

    async def _send(self) -> None:
        try:
            while not self._source.exhausted:
                self._may_send.clear()
                if self._out < self._in_flight and self._source.has_some:
                    await self._send_some()
                    await asyncio.sleep(0)  # what was sent may have ended at once
                else:
                    await self._may_send.wait()
            self._all_sent = True
        except Exception as exc:  # of the user's iterable, of sending: raised where results are
            self._error = exc
        finally:
            self._wake.set()

    async def _send_some(self) -> None:
        batch = self._source.take(min(self._in_flight - self._out, self._batch))
        self._out += len(batch)
        if batch and not await self._submit_block(batch):
            for at in range(0, len(batch), BATCH):
                await self._submit_all(batch[at : at + BATCH])

    async def _submit_block(self, batch: list[Any]) -> bool:
        block = await self._submitter.submit_block(batch, self._sent, self._end)
        if block is None:
            self._batch = BATCH
            return False
        self._batch = BLOCK
        self._sent += len(batch)
        if not block.complete:
            self._blocks.add(block)
        return True

    async def _submit_all(self, batch: list[Any]) -> None:
        handles = await self._submitter.submit_all(batch)
        for index, handle in enumerate(handles, self._sent):
            self._handles[index] = handle
            handle.on_end(partial(self._end, index))
        self._sent += len(batch)

    def _end(self, index: int, ended: "Ended | None" = None) -> None:
        self._ended.append((index, ended))
        self._wake.set()
        if ended is not None and ended.block.complete:
            self._blocks.discard(ended.block)


class _IterableSource:
    """Takes from an ordinary iterable, only as much as is asked for."""

    def __init__(self, signatures: Iterable[Any]) -> None:
        self._iterator = iter(signatures)
        self.exhausted = False

    @property
    def has_some(self) -> bool:
        return not self.exhausted

    def take(self, most: int) -> list[Any]:
        taken = list(islice(self._iterator, most))
        if len(taken) < most:
            self.exhausted = True
        return taken

    async def close(self) -> None:
        """Nothing to end."""


class _AsyncSource:
    """Takes from an async iterable, at most a batch ahead; sets ``wake`` when there is more."""

    def __init__(self, signatures: AsyncIterable[Any], wake: asyncio.Event) -> None:
        self._signatures = signatures
        self._wake = wake
        self._taken: deque[Any] = deque()
        self._room = asyncio.Semaphore(BATCH)
        self._error: Exception | None = None
        self._at_end = False
        self._background = Background()
        self._background.start(self._feed(), name="orchestrator client: signatures of a stream")

    @property
    def has_some(self) -> bool:
        return bool(self._taken) or self._error is not None

    @property
    def exhausted(self) -> bool:
        return self._at_end and not self._taken

    def take(self, most: int) -> list[Any]:
        taken = [self._taken.popleft() for _ in range(min(most, len(self._taken)))]
        for _ in taken:
            self._room.release()
        if not taken and self._error is not None:
            raise self._error
        return taken

    async def close(self) -> None:
        await self._background.close(within_s=_CLOSE_S)

    async def _feed(self) -> None:
        try:
            async for signature in self._signatures:
                await self._room.acquire()
                self._taken.append(signature)
                self._wake.set()
        except (
            Exception
        ) as exc:  # whatever the user's iterable raises is raised where it is consumed
            self._error = exc
        finally:
            self._at_end = self._error is None
            self._wake.set()


def _source(signatures: Signatures, wake: asyncio.Event) -> _IterableSource | _AsyncSource:
    if isinstance(signatures, AsyncIterable):
        return _AsyncSource(signatures, wake)
    return _IterableSource(signatures)
