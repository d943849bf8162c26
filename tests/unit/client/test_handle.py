import asyncio
from typing import Any

import pytest

from orchestrator.client.failures import ResultsDisabled, ResultTimeout
from orchestrator.client.handle import Handle
from orchestrator.client.join import Join
from orchestrator.client.result_tree import ResultTree
from orchestrator.errors import ClientClosed
from orchestrator.records import TaskResult
from tests.unit.client.recording_app import Recorder


class Origin:
    """What the handle's client does is written down."""

    results_disabled = False

    def __init__(self) -> None:
        recorder = Recorder()
        self.app: Any = recorder.app
        self.backend: Any = recorder.backend
        self.raw_result = recorder.capture(recorder.task("add", 1, task_id="a")).result
        self.forgotten: list[Join] = []
        self.revoked: list[Any] = []

    def forget(self, join: Join) -> None:
        self.forgotten.append(join)

    def forget_soon(self, join: Join) -> None:
        self.forgotten.append(join)

    async def revoke(self, task_ids: list[str], *, terminate: bool, signal: str) -> None:
        self.revoked.append((task_ids, terminate, signal))

    def handle(self, *parents: str) -> tuple[Handle, Join]:
        join = Join(ResultTree("a", "a", frozenset("a"), parents))
        return Handle(self, join, self.raw_result), join


def success(value: Any) -> TaskResult:
    return TaskResult("a", "SUCCESS", value, None, 0)


def failure(task_id: str) -> TaskResult:
    return TaskResult(task_id, "FAILURE", None, ValueError(task_id), 0)


async def test_value_and_await() -> None:
    handle, join = Origin().handle()
    assert handle.id == "a"
    assert not handle.done()
    waiting = asyncio.ensure_future(handle)
    await asyncio.sleep(0)
    join.deliver(success(5))
    assert await waiting == 5
    assert await handle.result(timeout=0) == 5
    assert handle.done()
    assert repr(handle) == "<Handle a done>"


async def test_failure_and_without_propagate() -> None:
    handle, join = Origin().handle("p")
    join.deliver(failure("p"))
    with pytest.raises(ValueError, match="p"):
        await handle
    with pytest.raises(ResultTimeout):
        await handle.result(timeout=0.01, propagate=False)
    join.deliver(failure("a"))
    assert str(await handle.result(propagate=False)) == "a"
    assert str(handle.outcome().error) == "p"


async def test_timeout_names_the_task_and_the_limit() -> None:
    handle, _ = Origin().handle()
    with pytest.raises(ResultTimeout, match=r"no result of a within 0\.01 s"):
        await handle.result(timeout=0.01)


async def test_closed_client() -> None:
    handle, join = Origin().handle()
    join.end(ClientClosed())
    with pytest.raises(ClientClosed):
        await handle.result()


async def test_no_result_backend() -> None:
    origin = Origin()
    origin.results_disabled = True
    handle, join = origin.handle()
    with pytest.raises(ResultsDisabled):
        await handle.result()
    with pytest.raises(ResultsDisabled):
        handle.on_end(lambda: None)
    join.deliver(success(1))
    assert await handle.result() == 1


async def test_revoke_tells_of_every_task() -> None:
    origin = Origin()
    handle, _ = origin.handle("p", "o")
    await handle.revoke()
    await handle.revoke(terminate=True, signal="SIGKILL")
    assert origin.revoked == [
        (["a", "o", "p"], False, "SIGTERM"),
        (["a", "o", "p"], True, "SIGKILL"),
    ]


def test_stock_result_is_bound_to_the_real_backend_when_it_is_asked_for() -> None:
    origin = Origin()
    handle, _ = origin.handle()
    assert origin.raw_result.backend is not origin.backend
    assert handle.async_result is origin.raw_result
    assert handle.async_result.backend is origin.backend


def test_dropping_forgets_what_is_still_waited_for() -> None:
    origin = Origin()
    handle, join = origin.handle()
    del handle
    assert origin.forgotten == [join]
    handle, join = origin.handle()
    join.deliver(success(1))
    del handle
    assert len(origin.forgotten) == 1
