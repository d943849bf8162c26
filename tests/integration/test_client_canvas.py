"""Every kind of canvas against a stock worker: values, errors, and nothing left behind."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from celery import Celery, chain, chord, group
from celery.exceptions import TaskRevokedError

from orchestrator import Client
from orchestrator.client import Handle
from orchestrator.client.failures import EmptyCanvas
from orchestrator.errors import NotSupported
from tests.integration.client_canvases import CANVASES
from tests.integration.redis_fixture import Lab, lab

TIMEOUT_S = 30


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with lab(tmp_path_factory.mktemp("canvas")) as made:
        yield made


@pytest.fixture
async def client(laboratory: Lab) -> AsyncIterator[Client]:
    async with Client(laboratory.app) as opened:
        yield opened


@pytest.fixture
def t(laboratory: Lab) -> Any:
    """The tasks."""
    return laboratory.module


@pytest.mark.parametrize("name", CANVASES)
async def test_value(client: Client, t: Any, name: str) -> None:
    make, expected = CANVASES[name]
    assert await client.call(make(t), timeout=TIMEOUT_S) == expected


@pytest.mark.parametrize(
    "make",
    [
        lambda t: t.fail.s("boo"),
        lambda t: t.fail.s("boo") | t.add.s(1) | t.add.s(2),
        lambda t: t.add.s(1, 1) | t.fail.si("boo") | t.add.s(2),
        lambda t: group(t.add.s(1, 1), t.fail.s("boo")),
        lambda t: group(t.fail.s("boo") | t.add.s(1), t.add.s(1, 1)),
        lambda t: chord([t.add.s(1, 1), t.fail.s("boo")], t.total.s()),
        lambda t: chord([t.fail.s("boo") | t.add.s(1), t.add.s(1, 1)], t.total.s()),
        lambda t: chord([t.add.s(1, 1), t.add.s(1, 1)], t.fail.si("boo")),
        lambda t: t.fail.s("boo") | group(t.add.s(1), t.add.s(2)),
        lambda t: t.add.s(1, 1) | group(t.fail.si("boo"), t.add.s(3)) | t.total.s() | t.add.s(1),
        lambda t: chord([chord([t.fail.s("boo"), t.add.s(1, 1)], t.total.s())], t.total.s()),
        lambda t: t.fail.map(["boo"]),
    ],
)
async def test_failure_is_raised_as_itself(client: Client, t: Any, make: Any) -> None:
    with pytest.raises(ValueError, match=r"^boo$"):
        await client.call(make(t), timeout=TIMEOUT_S)


async def test_failure_of_a_header_does_not_wait_for_the_rest(client: Client, t: Any) -> None:
    slow = chord([t.fail.s("boo"), t.nap.s(5)], t.identity.s())
    with pytest.raises(ValueError, match="boo"):
        await client.call(slow, timeout=4)


async def test_without_propagate_the_exception_is_the_value(client: Client, t: Any) -> None:
    handle = await client.submit(t.fail.s("boo"))
    error = await handle.result(timeout=TIMEOUT_S, propagate=False)
    assert isinstance(error, ValueError)
    handle = await client.submit(group(t.add.s(1, 1), t.fail.s("boo")))
    value, error = await handle.result(timeout=TIMEOUT_S, propagate=False)
    assert value == 2
    assert isinstance(error, ValueError)
    with pytest.raises(ValueError, match="boo"):
        await handle


async def test_users_own_exception(client: Client, t: Any) -> None:
    with pytest.raises(t.Odd) as error:
        await client.call(t.fail_oddly.s(), timeout=TIMEOUT_S)
    assert error.value.args == ("very", 7)


async def test_exception_that_cannot_be_imported_is_as_in_stock(client: Client, t: Any) -> None:
    handle = await client.submit(t.fail_unimportably.s())
    ours = await handle.result(timeout=TIMEOUT_S, propagate=False)
    stock = handle.async_result.get(propagate=False)
    assert (type(ours).__name__, ours.args) == (type(stock).__name__, stock.args)


async def test_stock_result_object_works(client: Client, t: Any) -> None:
    for name in ("task", "group", "chain", "chord", "group of chains", "chunks", "chord of one"):
        make, expected = CANVASES[name]
        handle = await client.submit(make(t))
        await handle.result(timeout=TIMEOUT_S)
        assert handle.async_result.id == handle.id
        assert handle.async_result.successful()
        assert handle.async_result.get(timeout=5) == expected


async def test_id_chosen_by_the_user(client: Client, laboratory: Lab, t: Any) -> None:
    chosen = t.add.s(1, 2).set(task_id="my-own-id")
    handle = await client.submit(chosen)
    assert handle.id == "my-own-id"
    assert await handle.result(timeout=TIMEOUT_S) == 3
    # The worker keeps a first success and says nothing of a second run: stock `get()` reads it.
    assert await client.call(chosen, timeout=TIMEOUT_S) == 3
    frozen = group(t.add.s(1, 1), t.add.s(2, 2))
    frozen.freeze()
    assert await client.call(frozen, timeout=TIMEOUT_S) == [2, 4]
    await _no_channels_of(laboratory, client, b"my-own-id")


async def _no_channels_of(laboratory: Lab, client: Client, task_id: bytes) -> None:
    await client.call(laboratory.module.add.s(0, 0), timeout=TIMEOUT_S)
    with laboratory.redis.client() as redis:
        assert not [name for name in redis.pubsub_channels() if name.endswith(task_id)]


async def test_preassigned_id_is_our_own(client: Client, t: Any) -> None:
    task_id = client.new_id()
    handle: Handle = await client.submit(t.add.s(1, 2).set(task_id=task_id))
    assert handle.id == task_id
    assert await handle.result(timeout=TIMEOUT_S) == 3


async def test_links_are_called(client: Client, laboratory: Lab, t: Any) -> None:
    await client.call(t.add.s(1, 2).set(link=t.remember.s("linked")), timeout=TIMEOUT_S)
    failing = t.fail.s("boo").set(link_error=t.remember_failure.s("link-errors"))
    with pytest.raises(ValueError, match="boo"):
        await client.call(failing, timeout=TIMEOUT_S)
    with laboratory.redis.client(1) as redis:
        assert redis.blpop(["linked"], timeout=TIMEOUT_S) == (b"linked", b"3")
        assert redis.blpop(["link-errors"], timeout=TIMEOUT_S) == (b"link-errors", b"boo")


async def test_revoke(client: Client, t: Any) -> None:
    handle = await client.submit(t.add.s(1, 2).set(countdown=2) | t.add.s(1))
    await handle.revoke()
    with pytest.raises(TaskRevokedError):
        await handle.result(timeout=TIMEOUT_S)


async def test_expired_task_is_revoked(client: Client, t: Any) -> None:
    with pytest.raises(TaskRevokedError):
        await client.call(t.add.s(1, 2).set(countdown=0.2, expires=0.1), timeout=TIMEOUT_S)


async def test_every_result_is_reported(laboratory: Lab, t: Any) -> None:
    seen: list[Any] = []
    async with Client(laboratory.app, on_result=seen.append) as client:
        handle = await client.submit(chord([t.add.s(1, 1), t.add.s(2, 2)], t.total.s()))
        assert await handle.result(timeout=TIMEOUT_S) == 6
        assert sorted(result.value for result in seen) == [2, 4, 6]
        assert all(result.state == "SUCCESS" and result.seen_ns > 0 for result in seen)
        with pytest.raises(ValueError, match="boo"):
            await client.call(t.fail.s("boo"), timeout=TIMEOUT_S)
    assert isinstance(seen[-1].error, ValueError)
    assert "boo" in seen[-1].traceback


async def test_empty_chain_is_refused(client: Client) -> None:
    with pytest.raises(EmptyCanvas):
        await client.submit(chain())


async def test_wrong_arguments_are_refused_as_in_stock(client: Client, t: Any) -> None:
    with pytest.raises(TypeError):
        await client.submit(t.add.s(1, 2, 3, 4))
    with pytest.raises(TypeError, match="signature is needed"):
        await client.submit(42)
    assert await client.call(t.add.s(1, 2), timeout=TIMEOUT_S) == 3


async def test_signature_of_another_app_is_refused(client: Client) -> None:
    other = Celery("other", set_as_current=False)
    with pytest.raises(NotSupported, match="belongs to the app 'other'"):
        await client.submit(other.signature("x"))


async def test_exchange_without_a_queue_is_refused(client: Client, t: Any) -> None:
    from orchestrator.client.failures import Unroutable

    with pytest.raises(Unroutable, match=r"news.*weather"):
        await client.submit(t.add.s(1, 2).set(exchange="news", routing_key="weather"))


async def test_nothing_is_left_behind(laboratory: Lab, t: Any) -> None:
    with laboratory.redis.client() as redis:
        before = redis.pubsub_numpat()
        async with Client(laboratory.app) as client:
            await client.gather([t.add.s(i, i) for i in range(20)], timeout=TIMEOUT_S)
            assert redis.pubsub_numpat() == before + 1
            handle = await client.submit(t.nap.s(0.5).set(task_id="never-awaited"))
            assert not handle.done()
        assert redis.pubsub_numpat() == before
        assert redis.pubsub_numsub("celery-task-meta-never-awaited")[0][1] == 0
        mine = [c for c in redis.client_list() if c["name"] == "celery-orchestrator"]
        assert mine == []
