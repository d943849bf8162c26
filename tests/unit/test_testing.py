"""The fake that users get: it must do what the real client does, without a broker."""

import asyncio
from typing import Any

import pytest
from celery import chain, chord, group

from orchestrator.client import ResultTimeout
from orchestrator.errors import BrokerUnavailable, ClientClosed, PublishUncertain, UsageError
from orchestrator.testing import NEVER, FakeClient
from tests.unit.client.recording_app import recording_app

APP = recording_app(task_eager_propagates=True)
ADD, TOTAL = APP.tasks["add"], APP.tasks["total"]


async def test_the_verbs_of_the_client() -> None:
    async with FakeClient(APP) as client:
        assert await client.call(ADD.s(1, 2), timeout=1) == 3
        handle = await client.submit(ADD.s(2, 2))
        assert (await handle, handle.done(), handle.async_result.id) == (4, True, handle.id)
        assert await client.gather(ADD.s(i, i) for i in range(3)) == [0, 2, 4]
        outcomes = [each async for each in client.stream([ADD.s(1, 1), ADD.s("x", 1)])]
        assert [each.state for each in outcomes] == ["SUCCESS", "FAILURE"]
    assert [str(each) for each in client.sent[:2]] == ["add(1, 2)", "add(2, 2)"]
    assert len(client.sent) == 7
    with pytest.raises(ClientClosed):
        await client.call(ADD.s(1, 2))


async def test_canvases_run_as_celery_runs_them() -> None:
    async with FakeClient(APP, {"add": lambda x, y: x * y}) as client:
        assert await client.call(chain(ADD.s(2, 3), ADD.s(4))) == 24
        assert await client.call(group(ADD.s(i, i) for i in range(3))) == [0, 1, 4]
        assert await client.call(chord([ADD.s(i, i) for i in range(4)], TOTAL.s())) == 14


async def test_answers_stand_in_the_place_of_a_body(caplog: pytest.LogCaptureFixture) -> None:
    async with FakeClient(APP, {"add": 7, "total": ValueError("no")}) as client:
        assert await client.call(ADD.s(1, 2)) == 7
        with pytest.raises(ValueError, match="no"):
            await client.call(TOTAL.s([1]))
        handle = await client.submit(TOTAL.s([1]))
        assert isinstance(await handle.result(propagate=False), ValueError)
    async with FakeClient(APP) as client:
        assert await client.call(ADD.s(1, 2)) == 3
    assert ADD(1, 2) == 3
    assert caplog.records == [], "errors that were asked for are no errors"


@pytest.mark.parametrize(
    "canvas",
    [
        ADD.s(1, 2),
        chain(ADD.s(1, 2), TOTAL.s()),
        chord([ADD.s(1, 2), ADD.s(1, 3)], TOTAL.s()),
        group([TOTAL.s([1]), ADD.s(1, 2)]),
    ],
    ids=["task", "chain", "chord", "group"],
)
async def test_a_failure_comes_with_the_value_and_not_with_the_sending(canvas: Any) -> None:
    async with FakeClient(APP, {"add": KeyError("shelf")}) as client:
        handle = await client.submit(canvas)
        with pytest.raises(KeyError, match="shelf"):
            await handle


@pytest.mark.parametrize("canvas", [ADD.s(1, 2), chain(ADD.s(1, 2), TOTAL.s())])
async def test_a_result_that_never_arrives(canvas: Any) -> None:
    async with FakeClient(APP, {"add": NEVER}) as client:
        handle = await client.submit(canvas)
        assert not handle.done()
        with pytest.raises(ResultTimeout):
            await handle.result(timeout=0.01)
        with pytest.raises(ResultTimeout):
            await client.call(canvas, timeout=0.01)
        waiting = asyncio.ensure_future(handle.result())
        await asyncio.sleep(0)
    with pytest.raises(ClientClosed):
        await waiting


@pytest.mark.parametrize("error", [BrokerUnavailable(), PublishUncertain(task_ids=["a"])])
async def test_a_broker_that_fails(error: Exception) -> None:
    async with FakeClient(APP, {"add": error}) as client:
        for canvas in (ADD.s(1, 2), group([TOTAL.s([1]), ADD.s(1, 2)])):
            with pytest.raises(type(error)) as caught:
                await client.submit(canvas)
            assert caught.value is error
    assert client.sent == []


async def test_the_app_is_as_it_was() -> None:
    async with FakeClient(APP) as client:
        await client.call(ADD.s(1, 2))
        assert not APP.conf.task_always_eager
        assert APP.conf.task_eager_propagates
    assert "run" not in vars(ADD)


async def test_an_answer_to_a_task_that_is_not_there_is_refused() -> None:
    with pytest.raises(UsageError, match="'ad' is not registered"):
        await FakeClient(APP, {"ad": 1}).__aenter__()
    async with FakeClient(APP) as client:
        with pytest.raises(RuntimeError, match="open already"):
            await client.__aenter__()
