import threading
from collections.abc import AsyncIterator
from concurrent.futures import CancelledError
from contextlib import asynccontextmanager

import anyio
import pytest

from orchestrator.errors import PoolFailed
from orchestrator.pytest_plugin.hosting import hosted, open_portal, plain


class Room:
    """An asynchronous context manager with a task group, as a laboratory is."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.dies = threading.Event()
        self.closed = threading.Event()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[int]:
        self.events.append(f"open in {threading.current_thread().name}")
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._die)
                yield 7
                tasks.cancel_scope.cancel()
        finally:
            self.events.append("closed")
            self.closed.set()

    async def _die(self) -> None:
        await anyio.to_thread.run_sync(self.dies.wait, abandon_on_cancel=True)
        raise PoolFailed("it died", log_tail=["last words"])


def test_it_is_open_in_the_other_thread_while_the_body_runs_here() -> None:
    room = Room()
    with open_portal() as portal, hosted(portal, room.open()) as value:
        assert value == 7
        assert room.events == ["open in celery-lab"]
    room.dies.set()
    assert room.events[-1] == "closed"


def test_an_error_of_the_body_comes_out_as_itself() -> None:
    room = Room()
    error = AssertionError("the test's own")
    with (
        open_portal() as portal,
        pytest.raises(AssertionError) as caught,
        hosted(portal, room.open()),
    ):
        raise error
    room.dies.set()
    assert caught.value is error
    assert room.events[-1] == "closed"


def test_what_fails_meanwhile_is_raised_on_leaving_out_of_its_group() -> None:
    room = Room()
    with (
        open_portal() as portal,
        pytest.raises(PoolFailed, match="it died") as caught,
        hosted(portal, room.open()),
    ):
        room.dies.set()
        assert room.closed.wait(10)
    assert caught.value.__notes__ == ["the last lines of its log:\nlast words"]
    assert room.events[-1] == "closed"


def test_what_does_not_open_is_raised_on_entering() -> None:
    @asynccontextmanager
    async def broken() -> AsyncIterator[None]:
        async with anyio.create_task_group():
            raise PoolFailed("not ready")
        yield  # what makes it a generator

    with (
        open_portal() as portal,
        pytest.raises(PoolFailed, match="not ready"),
        hosted(portal, broken()),
    ):
        pytest.fail("it was opened")


def test_what_is_still_open_ends_with_the_portal() -> None:
    room = Room()
    with open_portal() as portal:
        holding = hosted(portal, room.open())
        holding.__enter__()
    room.dies.set()
    assert room.events[-1] == "closed"
    with pytest.raises(CancelledError):
        holding.__exit__(None, None, None)


def test_an_error_that_is_not_ours_keeps_its_traceback() -> None:
    try:
        raise KeyError("bug")
    except KeyError as exc:
        assert plain(exc).__traceback__ is not None
