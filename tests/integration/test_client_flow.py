"""Many canvases at once: order, back-pressure, cancelling, time limits."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio
import celery.exceptions
import pytest
from celery import chord, group

from orchestrator import Client
from orchestrator.client import ProducerFailed, ResultTimeout
from orchestrator.errors import ClientClosed, ClientError
from tests.integration.redis_fixture import Lab, lab, let_go_of_results

TIMEOUT_S = 60


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with lab(tmp_path_factory.mktemp("flow"), {"worker_prefetch_multiplier": 64}) as made:
        yield made


@pytest.fixture
async def client(laboratory: Lab) -> AsyncIterator[Client]:
    async with Client(laboratory.app) as opened:
        yield opened


@pytest.fixture
def t(laboratory: Lab) -> Any:
    """The tasks."""
    return laboratory.module


async def test_gather_2000_in_order(client: Client, t: Any) -> None:
    values = await client.gather((t.add.s(i, i) for i in range(2000)), timeout=TIMEOUT_S)
    assert values == [2 * i for i in range(2000)]


async def test_group_of_2000(client: Client, t: Any) -> None:
    values = await client.call(group(t.add.s(i, i) for i in range(2000)), timeout=TIMEOUT_S)
    assert values == [2 * i for i in range(2000)]


async def test_stream_2000_lazily(client: Client, t: Any) -> None:
    taken = 0

    def signatures() -> Iterator[Any]:
        nonlocal taken
        for i in range(2000):
            taken += 1
            yield t.add.s(i, i)

    values, ahead = [], 0
    async for outcome in client.stream(signatures(), in_flight=100):
        assert outcome.error is None
        assert outcome.state == "SUCCESS"
        values.append(outcome.value)
        ahead = max(ahead, taken - len(values))
    assert sorted(values) == [2 * i for i in range(2000)]
    assert ahead <= 101


async def test_stream_gives_failures_as_outcomes(client: Client, t: Any) -> None:
    signatures = [t.fail.s("boo"), t.add.s(1, 2), t.forgettable.s(1)]
    outcomes = [outcome async for outcome in client.stream(signatures)]
    states = {outcome.state: outcome for outcome in outcomes}
    assert set(states) == {"FAILURE", "SUCCESS", "IGNORED"}
    assert isinstance(states["FAILURE"].error, ValueError)
    assert states["SUCCESS"].value == 3
    assert len({outcome.id for outcome in outcomes}) == 3


async def test_stream_of_an_async_iterable_gives_results_between_its_items(
    client: Client, t: Any
) -> None:
    first_result_seen = asyncio.Event()

    async def signatures() -> AsyncIterator[Any]:
        yield t.add.s(1, 1)
        await first_result_seen.wait()
        yield t.add.s(2, 2)

    values = []
    async with asyncio.timeout(TIMEOUT_S):
        async for outcome in client.stream(signatures()):
            values.append(outcome.value)
            first_result_seen.set()
    assert values == [2, 4]


async def test_gather_of_a_long_async_iterable(client: Client, t: Any) -> None:
    async def signatures() -> AsyncIterator[Any]:
        for i in range(300):
            yield t.add.s(i, i)

    values = await client.gather(signatures(), timeout=TIMEOUT_S, in_flight=50)
    assert values == [2 * i for i in range(300)]


async def test_error_of_the_iterable_is_raised(client: Client, t: Any) -> None:
    def broken() -> Iterator[Any]:
        yield t.add.s(1, 1)
        raise LookupError("no more")

    async def broken_async() -> AsyncIterator[Any]:
        yield t.add.s(1, 1)
        raise LookupError("no more")

    with pytest.raises(LookupError, match="no more"):
        await client.gather(broken(), timeout=TIMEOUT_S)
    with pytest.raises(LookupError, match="no more"):
        await client.gather(broken_async(), timeout=TIMEOUT_S)


async def test_gather_raises_the_first_failure_at_once(client: Client, t: Any) -> None:
    with pytest.raises(ValueError, match="boo"):
        await client.gather([t.nap.s(2), t.fail.s("boo")], timeout=1.5)


async def test_nothing_to_gather(client: Client) -> None:
    assert await client.gather([]) == []
    assert [outcome async for outcome in client.stream([])] == []


async def test_leaving_a_stream_forgets_what_is_out(client: Client, t: Any) -> None:
    stream = client.stream((t.add.s(i, i) for i in range(200)), in_flight=100)
    async for _ in stream:
        break
    await stream.aclose()  # type: ignore[attr-defined]
    assert _waiting(client) == 0


async def test_many_concurrent_submits(client: Client, t: Any) -> None:
    values: list[int] = []

    async def one(i: int) -> None:
        values.append(await client.call(t.add.s(i, i), timeout=TIMEOUT_S))

    async with anyio.create_task_group() as tasks:
        for i in range(500):
            tasks.start_soon(one, i)
    assert sorted(values) == [2 * i for i in range(500)]


async def test_timeout(client: Client, t: Any) -> None:
    handle = await client.submit(t.nap.s(1.0, "late"))
    begun = time.monotonic()
    with pytest.raises(ResultTimeout, match=r"within 0\.05 s") as error:
        await handle.result(timeout=0.05)
    assert time.monotonic() - begun < 0.5
    assert isinstance(error.value, TimeoutError)
    assert isinstance(error.value, celery.exceptions.TimeoutError)
    assert isinstance(error.value, ClientError)
    assert await handle.result(timeout=TIMEOUT_S) == "late"
    with pytest.raises(ResultTimeout):
        await client.call(t.nap.s(0.5), timeout=0.05)
    with pytest.raises(ResultTimeout):
        await client.gather([t.nap.s(0.5), t.nap.s(0.5)], timeout=0.05)
    assert _waiting(client) == 0


async def test_time_limit_of_the_caller_stays_the_callers(client: Client, t: Any) -> None:
    with pytest.raises(TimeoutError) as error:
        async with asyncio.timeout(0.05):
            await client.call(t.nap.s(0.5), timeout=TIMEOUT_S)
    assert not isinstance(error.value, ResultTimeout)


async def test_cancelling_a_wait_frees_it(client: Client, t: Any) -> None:
    with anyio.move_on_after(0.05) as scope:
        await client.call(t.nap.s(0.5), timeout=TIMEOUT_S)
    assert scope.cancelled_caught
    assert _waiting(client) == 0


async def test_dropping_a_handle_frees_it(client: Client, t: Any) -> None:
    handle = await client.submit(t.nap.s(0.2))
    assert _waiting(client) == 1
    del handle
    await asyncio.sleep(0)
    assert _waiting(client) == 0


async def test_one_handle_awaited_by_many(client: Client, t: Any) -> None:
    handle = await client.submit(t.nap.s(0.05, "value"))
    values: list[Any] = []

    async def wait() -> None:
        values.append(await handle)

    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(wait)
    assert values == ["value"] * 5
    assert handle.done()


async def test_two_canvases_with_one_task_id(client: Client, t: Any) -> None:
    signature = t.nap.s(0.1, "value").set(task_id="shared-by-two")
    first, second = await client.submit(signature), await client.submit(signature)
    assert await first.result(timeout=TIMEOUT_S) == await second.result(timeout=TIMEOUT_S)


async def test_closing_ends_waits(laboratory: Lab, t: Any) -> None:
    errors: list[BaseException] = []

    async def wait(handle: Any) -> None:
        with pytest.raises(ClientClosed) as error:
            await handle
        errors.append(error.value)

    async with anyio.create_task_group() as tasks, Client(laboratory.app) as client:
        handle = await client.submit(t.nap.s(0.5))
        done = await client.submit(t.add.s(1, 1))
        assert await done == 2
        tasks.start_soon(wait, handle)
        await anyio.lowlevel.checkpoint()
    assert len(errors) == 1
    assert await done == 2
    with pytest.raises(ClientClosed):
        await client.submit(t.add.s(1, 1))
    with pytest.raises(ClientClosed):
        await handle.revoke()


async def test_client_entered_and_left_by_different_tasks(laboratory: Lab, t: Any) -> None:
    client = Client(laboratory.app)
    await asyncio.create_task(client.__aenter__())
    assert await client.call(t.add.s(1, 1), timeout=TIMEOUT_S) == 2
    await asyncio.create_task(client.__aexit__(None, None, None))


async def test_tasks_of_another_thread_are_not_captured(client: Client, t: Any) -> None:
    """The other thread publishes and waits as ever, while this one captures without a pause."""

    def stock() -> list[Any]:
        results = [t.add.apply_async((i, i)).get(timeout=TIMEOUT_S) for i in range(30)]
        let_go_of_results(t.app)
        return results

    async def ours() -> list[Any]:
        return await client.gather((t.add.s(i, 1) for i in range(300)), timeout=TIMEOUT_S)

    values: list[Any] = []
    async with anyio.create_task_group() as tasks:

        async def other_thread() -> None:
            values.extend(await anyio.to_thread.run_sync(stock))

        tasks.start_soon(other_thread)
        assert await ours() == [i + 1 for i in range(300)]
    assert values == [2 * i for i in range(30)]
    assert t.app.producer_or_acquire.__func__ is type(t.app).producer_or_acquire


def _waiting(client: Client) -> int:
    session: Any = client._session
    return len(session._listener._waiting)


async def test_a_generator_of_members_gives_its_values(client: Client, t: Any) -> None:
    handle = await client.submit(group(t.add.s(i, i) for i in range(1500)))
    assert await handle.result(timeout=TIMEOUT_S) == [2 * i for i in range(1500)]
    assert len(handle.async_result.results) == 1500
    assert handle.async_result.results[1499].get(timeout=TIMEOUT_S) == 2998
    handle = await client.submit(chord((t.add.s(i, i) for i in range(1500)), t.total.s()))
    assert await handle.result(timeout=TIMEOUT_S) == 1499 * 1500
    assert len(handle.async_result.parent.results) == 1500
    assert handle.id == handle.async_result.id


async def test_a_failure_in_a_generators_header_is_raised_as_itself(client: Client, t: Any) -> None:
    def members() -> Iterator[Any]:
        for i in range(1200):
            yield t.fail.s("boo") if i == 1100 else t.add.s(i, i)

    with pytest.raises(ValueError, match="boo"):
        await client.call(chord(members(), t.total.s()), timeout=TIMEOUT_S)
    values = await (await client.submit(group(members()))).result(TIMEOUT_S, propagate=False)
    assert [str(value) for value in values[1099:1102]] == ["2198", "boo", "2202"]


async def test_a_generator_that_raises_says_what_was_sent(client: Client, t: Any) -> None:
    def members(last: int) -> Iterator[Any]:
        for i in range(last):
            yield t.add.s(i, i)
        raise LookupError("no more rows")

    with pytest.raises(LookupError):  # nothing was sent: it is the caller's own error
        await client.submit(group(members(5)))
    with pytest.raises(ProducerFailed, match="no more rows") as caught:
        await client.submit(chord(members(600), t.total.s()))
    # Pages are smaller on a busy machine; always one member behind.
    sent = len(caught.value.task_ids)
    assert 0 < sent < 600
    assert f"{sent} tasks had been sent" in str(caught.value)
    assert isinstance(caught.value.__cause__, LookupError)


async def test_cancelling_a_generators_submit_leaves_nothing_waiting(
    client: Client, t: Any
) -> None:
    def endless() -> Iterator[Any]:
        while True:
            yield t.add.s(1, 1)

    with anyio.move_on_after(0.3) as scope:
        await client.submit(group(endless()))
    assert scope.cancelled_caught
    session: Any = client._session
    assert not session._listener._waiting
    assert not list(session._listener._pages.outstanding())
