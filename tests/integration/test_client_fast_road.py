"""The fast road with a stock worker: values, errors, handles and memory are those of the general
one."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from celery import chord, group
from celery.exceptions import TaskRevokedError
from celery.signals import before_task_publish

from orchestrator import Client
from orchestrator.errors import ClientClosed
from orchestrator.records import TaskResult
from tests.integration.redis_fixture import Lab, lab

TIMEOUT_S = 60


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with lab(tmp_path_factory.mktemp("fast"), {"worker_prefetch_multiplier": 64}) as made:
        yield made


@pytest.fixture(params=["fast", "general"])
async def client(laboratory: Lab, request: pytest.FixtureRequest) -> AsyncIterator[Client]:
    """On both roads: nothing may show the difference."""
    async with Client(laboratory.app) as opened:
        session: Any = opened._session
        if request.param == "general":
            session._fast = None
        yield opened


@pytest.fixture
def t(laboratory: Lab) -> Any:
    """The tasks."""
    return laboratory.module


async def test_group_of_many_kinds(client: Client, t: Any) -> None:
    canvas = group(
        [
            t.add.s(1, 2),
            t.identity.s({"a": [1, None, "ü"]}),
            t.add.s(1, y=5),
            t.forgettable.s(1),
            t.identity.s(10**40),
            t.add.s(1, 1).set(priority=3),
            t.identity.s(1.5),
        ]
    )
    handle = await client.submit(canvas)
    value = await handle.result(timeout=TIMEOUT_S)
    assert value == [3, {"a": [1, None, "ü"]}, 6, None, 10**40, 2, 1.5]
    assert repr(await handle) == repr(value)
    assert handle.done()
    assert handle.outcome().value == value
    assert handle.async_result.id == handle.id
    assert len(handle.async_result.results) == 7
    assert handle.async_result.results[0].get(timeout=TIMEOUT_S) == 3


async def test_failures_are_raised_at_once_and_stand_in_their_place(client: Client, t: Any) -> None:
    handle = await client.submit(group([t.nap.s(0.3, "slept"), t.fail.s("boo"), t.add.s(1, 1)]))
    with pytest.raises(ValueError, match="boo"):
        await handle.result(timeout=TIMEOUT_S)
    values = await handle.result(timeout=TIMEOUT_S, propagate=False)
    assert [str(value) for value in values] == ["slept", "boo", "2"]
    assert handle.outcome().state == "FAILURE"


async def test_chord_and_its_header_failure(client: Client, t: Any) -> None:
    canvas = chord([t.add.s(number, 1) for number in range(50)], t.total.s())
    handle = await client.submit(canvas)
    assert await handle.result(timeout=TIMEOUT_S) == 1275
    assert len(handle.async_result.parent.results) == 50
    failing = chord([t.add.s(1, 1), t.fail.s("boo"), t.add.s(2, 2)], t.total.s())
    with pytest.raises(ValueError, match="boo"):
        await client.call(failing, timeout=TIMEOUT_S)


async def test_single_tasks(client: Client, t: Any) -> None:
    assert await client.call(t.add.s(1, 2), timeout=TIMEOUT_S) == 3
    assert await client.call(t.forgettable.s(1), timeout=TIMEOUT_S) is None
    with pytest.raises(ValueError, match="boo"):
        await client.call(t.fail.s("boo"), timeout=TIMEOUT_S)
    with pytest.raises(TypeError):
        await client.submit(t.add.s(1, 2, 3))


async def test_wrong_member_sends_nothing(client: Client, laboratory: Lab, t: Any) -> None:
    key = "nothing-of-it"
    with pytest.raises(TypeError):
        await client.submit(group([t.remember.s("x", key), t.remember.s("x")]))
    assert await client.call(t.add.s(1, 1), timeout=TIMEOUT_S) == 2
    with laboratory.redis.client(1) as redis:
        assert not redis.exists(key)


async def test_gather_and_stream(client: Client, t: Any) -> None:
    signatures = [t.add.s(number, number) for number in range(1500)]
    values = await client.gather(signatures, timeout=TIMEOUT_S, in_flight=1200)
    assert values == [2 * number for number in range(1500)]
    mixed = [t.add.s(1, 1), t.fail.s("boo"), group([t.add.s(2, 2)]), t.forgettable.s(1)]
    states = [outcome.state async for outcome in client.stream(mixed)]
    assert sorted(states) == ["FAILURE", "IGNORED", "SUCCESS", "SUCCESS"]
    with pytest.raises(ValueError, match="boo"):
        await client.gather([t.add.s(1, 1), t.fail.s("boo")], timeout=TIMEOUT_S)


async def test_ids_of_the_clients_own(client: Client, t: Any) -> None:
    ids = [client.new_id() for _ in range(4)]
    tasks = [t.add.s(number, 1).set(task_id=task_id) for number, task_id in enumerate(ids)]
    handle = await client.submit(group(tasks))
    assert await handle.result(timeout=TIMEOUT_S) == [1, 2, 3, 4]
    assert [member.id for member in handle.async_result.results] == ids


async def test_revoked(client: Client, t: Any) -> None:
    handle = await client.submit(group([t.nap.s(1) for _ in range(8)]))  # the worker runs four
    await handle.revoke()
    with pytest.raises(TaskRevokedError):
        await handle.result(timeout=TIMEOUT_S)


async def test_what_is_dropped_is_not_waited_for(client: Client, t: Any) -> None:
    session: Any = client._session
    handle = await client.submit(group([t.nap.s(0.2) for _ in range(3)]))
    single = await client.submit(t.nap.s(0.2))
    del handle, single
    gc.collect()
    await asyncio.sleep(0)
    listener = session._listener
    assert (len(listener._pages), len(listener._waiting)) == (0, 0)


async def test_closed_while_waiting(laboratory: Lab, t: Any) -> None:
    async with Client(laboratory.app) as client:
        handle = await client.submit(group([t.nap.s(3)]))
        waiting = asyncio.create_task(handle.result())
        await asyncio.sleep(0)
    with pytest.raises(ClientClosed):
        await waiting


async def test_every_result_is_reported(laboratory: Lab, t: Any) -> None:
    seen: list[TaskResult] = []
    async with Client(laboratory.app, on_result=seen.append) as client:
        handle = await client.submit(group([t.add.s(1, 1), t.fail.s("boo"), t.add.s(2, 2)]))
        await handle.result(timeout=TIMEOUT_S, propagate=False)
        ids = [member.id for member in handle.async_result.results]
        await client.gather((t.add.s(n, n) for n in range(5)), timeout=TIMEOUT_S)
    assert {result.id for result in seen} >= set(ids)
    assert len(seen) == 8
    assert {result.state for result in seen} == {"SUCCESS", "FAILURE"}
    assert all(result.seen_ns > 0 for result in seen)


async def test_receivers_of_signals_see_every_task(laboratory: Lab, t: Any) -> None:
    seen: list[str] = []

    def note(headers: Any = None, **_: Any) -> None:
        seen.append(headers["id"])

    async with Client(laboratory.app) as client:
        before_task_publish.connect(note, weak=False)
        try:
            handle = await client.submit(group([t.add.s(1, 1), t.add.s(2, 2)]))
        finally:
            before_task_publish.disconnect(note)
        assert await handle.result(timeout=TIMEOUT_S) == [2, 4]
    assert seen == [member.id for member in handle.async_result.results]
