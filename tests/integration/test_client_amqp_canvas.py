"""Every kind of canvas on RabbitMQ and a stock worker, with results by rpc and through Redis."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from celery import chain, chord, group
from celery.exceptions import TaskRevokedError

from orchestrator import Client
from orchestrator.errors import NotSupported
from orchestrator.records import TaskResult
from tests.integration.client_canvases import CANVASES
from tests.integration.rabbitmq_fixture import RabbitLab, rabbit_lab
from tests.integration.redis_fixture import let_go_of_results

TIMEOUT_S = 60
MANY = 5000


@pytest.fixture(scope="module", params=["rpc", "redis"])
def laboratory(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RabbitLab]:
    settings = {"worker_prefetch_multiplier": 64}
    directory = tmp_path_factory.mktemp("canvas")
    with rabbit_lab(directory, settings, results=request.param) as made:
        yield made


@pytest.fixture
async def client(laboratory: RabbitLab) -> AsyncIterator[Client]:
    async with Client(laboratory.app) as opened:
        yield opened


NEEDS_A_CHORD = {
    "chord",
    "chord of a generator",
    "chord of one",
    "chord of many",
    "group | task",
    "chord in chain",
    "two chords in chain",
    "group in chord header",
    "chain in chord header",
    "chord of chords",
    "chord whose body is a chain",
    "chord whose body is a group",
    "group of chords",
    "chord with an ignored body",
}


def by_rpc(laboratory: RabbitLab) -> bool:
    return str(laboratory.app.conf.result_backend) == "rpc://"


@pytest.mark.parametrize("name", CANVASES)
async def test_value(laboratory: RabbitLab, client: Client, name: str) -> None:
    make, value = CANVASES[name]
    canvas = make(laboratory.module)
    if by_rpc(laboratory) and name in NEEDS_A_CHORD:
        with pytest.raises(NotSupported, match="chord"):
            await client.submit(canvas)
    elif by_rpc(laboratory) and name == "replaced":  # by a chord: only the worker knows
        with pytest.raises(NotImplementedError, match="does not support chords"):
            await client.call(canvas, timeout=TIMEOUT_S)
    else:
        assert await client.call(canvas, timeout=TIMEOUT_S) == value


async def test_hidden_chords_are_refused_by_rpc(laboratory: RabbitLab, client: Client) -> None:
    t: Any = laboratory.module
    if not by_rpc(laboratory):
        pytest.skip("Redis has no such limit")
    implied = group(t.add.s(1), t.add.s(2)) | t.total.s()
    hidden = [
        chain(t.add.s(1, 1), implied),
        group(t.add.s(1, 1), chain(t.add.s(1, 1), implied)),
        t.add.s(1, 1).set(link=chord([t.add.s(1)], t.total.s())),
        t.add.s(1, 1) | t.add.s(2).set(link_error=chord([t.add.si(1, 1)], t.total.s())),
    ]
    for canvas in hidden:
        with pytest.raises(NotSupported, match="chord"):
            await client.submit(canvas)
    assert laboratory.rabbit.depth("celery") == 0


async def test_foreign_reply_queue_is_refused_by_rpc(laboratory: RabbitLab, client: Client) -> None:
    t: Any = laboratory.module
    if not by_rpc(laboratory):
        pytest.skip("results do not go to the reply queue")
    frozen = t.add.s(1, 2)
    frozen.freeze()
    late = t.add.s(1)
    late.freeze()
    for canvas in (frozen, t.add.s(1, 2).set(reply_to="elsewhere"), t.add.s(1, 1) | late):
        with pytest.raises(NotSupported, match="reply_to"):
            await client.submit(canvas)


async def test_many(laboratory: RabbitLab, client: Client) -> None:
    add = laboratory.module.add
    values = await client.call(group(add.s(i, i) for i in range(MANY)), timeout=TIMEOUT_S)
    assert values == [2 * i for i in range(MANY)]


async def test_failures_are_raised_as_themselves(laboratory: RabbitLab, client: Client) -> None:
    t: Any = laboratory.module
    with pytest.raises(ValueError, match="boo"):
        await client.call(t.fail.s("boo"), timeout=TIMEOUT_S)
    with pytest.raises(t.Odd, match="very"):
        await client.call(t.fail_oddly.s(), timeout=TIMEOUT_S)
    with pytest.raises(Exception, match="Homeless"):
        await client.call(t.fail_unimportably.s(), timeout=TIMEOUT_S)
    with pytest.raises(ValueError, match="early"):
        await client.call(t.fail.s("early") | t.add.si(1, 1), timeout=TIMEOUT_S)
    handle = await client.submit(group(t.add.s(1, 1), t.fail.s("one")))
    values = await handle.result(timeout=TIMEOUT_S, propagate=False)
    assert values[0] == 2
    assert isinstance(values[1], ValueError)


async def test_revoked(laboratory: RabbitLab, client: Client) -> None:
    t: Any = laboratory.module
    # By rpc a worker says that a task was revoked when its time comes, and not before.
    countdown_s = 2 if by_rpc(laboratory) else 3600
    handle = await client.submit(t.add.s(1, 1).set(countdown=countdown_s))
    await handle.revoke()
    with pytest.raises(TaskRevokedError):
        await handle.result(timeout=TIMEOUT_S)


async def test_every_result_is_reported(laboratory: RabbitLab) -> None:
    t: Any = laboratory.module
    seen: dict[str, Any] = {}
    both = asyncio.Event()

    def note(result: TaskResult) -> None:
        seen[result.id] = result.value
        if len(seen) == 2:
            both.set()

    async with Client(laboratory.app, on_result=note) as client:
        handle = await client.submit(t.add.s(1, 1) | t.add.s(2))
        first = handle.async_result.parent.id
        assert await handle.result(timeout=TIMEOUT_S) == 4
        # A worker sends the next link before it stores its own result, which may so come last.
        async with asyncio.timeout(TIMEOUT_S):
            await both.wait()
    assert seen == {first: 2, handle.id: 4}


async def test_stream(laboratory: RabbitLab, client: Client) -> None:
    add = laboratory.module.add
    outcomes = [each async for each in client.stream((add.s(i) for i in range(500)), in_flight=50)]
    assert sorted(each.value for each in outcomes) == list(range(500))


async def test_stock_in_the_same_process_keeps_its_results(
    laboratory: RabbitLab, client: Client
) -> None:
    add = laboratory.module.add

    def stock() -> int:
        value: int = add.delay(20, 1).get(timeout=TIMEOUT_S)
        if by_rpc(laboratory):
            laboratory.app.backend.result_consumer.stop()
        else:
            let_go_of_results(laboratory.app)
        return value

    ours = await client.submit(group(add.s(i, i) for i in range(100)))
    assert await asyncio.to_thread(stock) == 21
    assert await ours.result(timeout=TIMEOUT_S) == [2 * i for i in range(100)]
