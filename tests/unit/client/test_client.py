import subprocess
import sys
from typing import Any

import pytest

import orchestrator
import orchestrator.client
from orchestrator import Client
from orchestrator.client.handle import Handle
from orchestrator.client.join import Outcome
from orchestrator.errors import ClientClosed
from tests.unit.client.fake_redis import FakeRedis, fake_redis
from tests.unit.client.recording_app import recording_app


def eager_client() -> Client:
    return Client(recording_app(task_always_eager=True))


def app_on(fake: FakeRedis) -> Any:
    url = f"redis://127.0.0.1:{fake.port}"
    return recording_app(broker_url=f"{url}/0", result_backend=f"{url}/1")


async def test_only_inside_async_with() -> None:
    client = eager_client()
    with pytest.raises(ClientClosed):
        await client.submit(client.app.tasks["add"].s(1))
    async with client:
        with pytest.raises(RuntimeError, match="open already"):
            await client.__aenter__()
        assert await client.call(client.app.tasks["add"].s(1, 2)) == 3
    with pytest.raises(ClientClosed):
        await client.call(client.app.tasks["add"].s(1))
    with pytest.raises(ClientClosed):
        await client.gather([client.app.tasks["add"].s(1)])
    async with client:
        assert await client.call(client.app.tasks["add"].s(1, 2)) == 3


async def test_gather_and_stream() -> None:
    async with eager_client() as client:
        add = client.app.tasks["add"]
        assert await client.gather(add.s(i, 1) for i in range(5)) == [1, 2, 3, 4, 5]
        outcomes = [outcome async for outcome in client.stream([add.s(1, 1), add.s("x", 1)])]
        assert [outcome.state for outcome in outcomes] == ["SUCCESS", "FAILURE"]
        with pytest.raises(TypeError):
            await client.gather([add.s(1, 1), add.s("x", 1)])


async def test_ids_are_given_in_advance() -> None:
    client = eager_client()
    first, second = client.new_id(), client.new_id()
    assert first != second
    assert first[:24] == second[:24]


async def test_two_clients_of_one_app_have_two_patterns() -> None:
    async with fake_redis() as fake:
        app = app_on(fake)
        async with Client(app) as one, Client(app) as other:
            patterns = {command[1] for command in fake.named("PSUBSCRIBE")}
            assert len(patterns) == 2
            handle = await one.submit(app.tasks["add"].s(1))
            assert handle.id.startswith(one.new_id()[:24])
            assert not handle.id.startswith(other.new_id()[:24])


def test_names_of_the_package() -> None:
    assert orchestrator.Client is Client
    assert orchestrator.client.Handle is Handle
    assert orchestrator.client.Outcome is Outcome
    assert issubclass(orchestrator.client.ResultTimeout, TimeoutError)
    with pytest.raises(AttributeError, match="nothing"):
        orchestrator.client.nothing  # noqa: B018


def test_import_is_light() -> None:
    code = (
        "import sys; from orchestrator import Client; "
        "print(*sorted({'numpy', 'redis', 'celery.canvas', 'kombu.transport.redis'} "
        "& set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []
