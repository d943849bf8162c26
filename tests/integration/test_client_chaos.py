"""Servers die, freeze and come back under many tasks: none is lost, none runs twice.

The worker is a script inside Redis: taking a message, counting its execution and storing and
telling its result are one step there. So whatever is lost or doubled is the client's doing.
"""

import asyncio
import contextlib
import signal
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
import redis
from anyio.to_thread import run_sync
from celery import group

from orchestrator import Client
from orchestrator.client import PublishTimeout
from orchestrator.errors import BrokerUnavailable, PublishUncertain
from tests.integration.redis_fixture import (
    Lab,
    RedisServer,
    lab,
    load_client_app,
    running_redis,
)

MANY = 20_000
TIMEOUT_S = 80
GAP_S = 2.0
DURABLE = ("--appendonly", "yes", "--appendfsync", "no")
"""What was answered was written to the file before; only a machine that dies forgets it."""

ECHO = """
for done = 1, 200 do
  local message = redis.call('RPOP', 'celery')
  if not message then return done - 1 end
  local id = cjson.decode(message).headers.id
  local key = 'celery-task-meta-' .. id
  local meta = '{"status": "SUCCESS", "result": "' .. id .. '", "traceback": null, "children": []}'
  redis.call('HINCRBY', 'executions', id, 1)
  redis.call('SETEX', key, 3600, meta)
  redis.call('PUBLISH', key, meta)
end
return 200
"""


class EchoWorker:
    """Gives every task its own id as its result, as long as its Redis is there."""

    def __init__(self, server: RedisServer) -> None:
        self._server = server
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="echo worker")

    def __enter__(self) -> "EchoWorker":
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._ended.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._ended.is_set():
            with contextlib.suppress(redis.RedisError), self._server.client() as client:
                while not self._ended.is_set():
                    if not client.eval(ECHO, 0):
                        self._ended.wait(0.005)
            self._ended.wait(0.02)


def executions(server: RedisServer) -> dict[str, int]:
    with server.client() as client:
        counted: Any = client.hgetall("executions")
    return {task_id.decode(): int(count) for task_id, count in counted.items()}


async def until(what: Callable[[redis.Redis], bool], server: RedisServer, db: int = 0) -> None:
    def poll() -> None:
        deadline = time.monotonic() + TIMEOUT_S
        with server.client(db) as client:
            while not what(client):
                assert time.monotonic() < deadline
                time.sleep(0.005)

    await run_sync(poll)


def executed(count: int) -> Callable[[redis.Redis], bool]:
    return lambda client: int(client.hlen("executions")) >= count


def none_queued(client: redis.Redis) -> bool:
    return client.llen("celery") == 0


async def restart(server: RedisServer, by: signal.Signals, gap_s: float = GAP_S) -> None:
    await run_sync(lambda: server.stop(by=by))
    await anyio.sleep(gap_s)
    await run_sync(server.start)


async def freeze(server: RedisServer) -> None:
    server.freeze()
    await anyio.sleep(GAP_S)
    server.thaw()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis that forgets nothing when it dies."""
    with running_redis(tmp_path, *DURABLE) as made:
        yield made


@pytest.fixture
def t(server: RedisServer) -> Any:
    """The app and its tasks, all in one database: what the echo worker does is one step."""
    return load_client_app({"broker_url": server.url(), "result_backend": server.url()})


async def test_20000_outstanding_tasks_while_redis_dies_and_freezes(
    server: RedisServer, t: Any
) -> None:
    async with Client(t.app) as client:
        gathering = asyncio.create_task(
            client.gather((t.add.s(i, i) for i in range(MANY)), TIMEOUT_S, in_flight=MANY)
        )
        await until(lambda redis: redis.llen("celery") == MANY, server)
        await restart(server, signal.SIGKILL)
        with EchoWorker(server):
            await until(executed(MANY // 5), server)
            await restart(server, signal.SIGKILL)
            await until(executed(2 * MANY // 5), server)
            await freeze(server)
            await until(executed(3 * MANY // 5), server)
            await restart(server, signal.SIGTERM)
            values = await gathering
    assert len(values) == MANY
    assert executions(server) == dict.fromkeys(values, 1)


async def test_publishing_while_redis_dies_and_freezes(server: RedisServer, t: Any) -> None:
    confirmed: list[str] = []
    uncertain: list[str] = []
    over = False
    more = asyncio.Event()

    async def publish(client: Client) -> None:
        while not over:
            canvas = group([t.add.s(i, i) for i in range(20)])  # sent whole, whatever else runs
            try:
                handle = await client.submit(canvas)
            except PublishUncertain as exc:
                assert len(exc.task_ids) == 20
                uncertain.extend(exc.task_ids)
            else:
                confirmed.extend(result.id for result in handle.async_result.results)
                more.set()

    async def go_on() -> None:
        """Until batches were confirmed once more."""
        async with asyncio.timeout(TIMEOUT_S):
            for _ in range(10):
                more.clear()
                await more.wait()

    with EchoWorker(server):
        async with Client(t.app) as client, anyio.create_task_group() as tasks:
            for _ in range(4):
                tasks.start_soon(publish, client)
            for by in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
                await go_on()
                server.freeze()  # so that some of it is on its way when the server dies
                await anyio.sleep(0.1)
                if by == signal.SIGTERM:
                    server.thaw()
                await restart(server, by, gap_s=0.7)
            await go_on()
            await freeze(server)
            await go_on()
            over = True
        await until(none_queued, server)
    counts = executions(server)
    assert uncertain
    assert not set(confirmed) & set(uncertain)
    assert set(counts.values()) == {1}
    assert set(confirmed) <= counts.keys() <= {*confirmed, *uncertain}


async def test_batch_that_arrived_although_its_confirmation_was_lost(
    server: RedisServer, t: Any
) -> None:
    """The case for which nothing may ever be sent again."""
    async with _deaf_after("LPUSH", server) as port:
        app = load_client_app({"broker_url": f"redis://127.0.0.1:{port}/0"}).app
        app.conf.result_backend = server.url()
        async with Client(app) as client:
            with pytest.raises(PublishUncertain, match="not sent again") as error:
                await client.submit(group(app.tasks["client_app.add"].s(i) for i in range(3)))
    with EchoWorker(server):
        await until(none_queued, server)
    assert executions(server) == dict.fromkeys(error.value.task_ids, 1)


@asynccontextmanager
async def _deaf_after(command: str, server: RedisServer) -> AsyncIterator[int]:
    """A way to the server on which the answer to a command is lost with the connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, questions = await asyncio.open_connection("127.0.0.1", server.port)
        with contextlib.closing(questions), contextlib.closing(writer):
            while data := await reader.read(65536):
                questions.write(data)
                answer = await answers.read(65536)
                if command.encode() in data:
                    return
                writer.write(answer)

    front = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with front:
        yield front.sockets[0].getsockname()[1]


async def test_publishing_waits_for_a_server_that_is_gone(server: RedisServer, t: Any) -> None:
    values: list[str] = []
    async with Client(t.app) as client:

        async def call() -> None:
            values.append(await client.call(t.add.s(1, 1), timeout=TIMEOUT_S))

        await run_sync(lambda: server.stop(by=signal.SIGKILL))
        with EchoWorker(server):
            async with anyio.create_task_group() as calls:
                for _ in range(10):
                    calls.start_soon(call)
                await anyio.sleep(GAP_S)
                await run_sync(server.start)
    assert len(values) == 10
    assert executions(server) == dict.fromkeys(values, 1)


async def test_publishing_raises_after_its_timeout(server: RedisServer, t: Any) -> None:
    async with Client(t.app) as client:
        server.freeze()
        for act in (client.submit, client.call):
            with pytest.raises(PublishTimeout, match=r"within 0\.2 s") as error:
                await act(t.add.s(1, 1), timeout=0.2)
            assert len(error.value.task_ids) == 1
            assert isinstance(error.value, PublishUncertain | TimeoutError)
        session: Any = client._session
        connections = [link.connection for link in session._links]
        await run_sync(lambda: server.stop(by=signal.SIGKILL))
        for connection in connections:
            await connection.closed.wait()
        for act in (client.submit, client.call):
            with pytest.raises(BrokerUnavailable, match="cannot be used"):
                await act(t.add.s(1, 1), timeout=0.2)


@pytest.fixture
def laboratory(tmp_path: Path) -> Iterator[Lab]:
    with lab(tmp_path, {"worker_prefetch_multiplier": 64}) as made:
        yield made


def has_done(count: int) -> Callable[[redis.Redis], bool]:
    return lambda client: int(client.llen("done")) >= count


async def test_real_worker_while_redis_freezes(laboratory: Lab) -> None:
    """A frozen server costs time only, and keeps connections: stock workers lose nothing then."""
    t: Any = laboratory.module
    count = 1500

    async with Client(laboratory.app) as client:
        gathering = asyncio.create_task(
            client.gather((t.remember.s(i, "done") for i in range(count)), TIMEOUT_S, count)
        )
        for reached in (count // 10, count // 2):
            await until(has_done(reached), laboratory.redis, db=1)
            await freeze(laboratory.redis)
        await gathering
    with laboratory.redis.client(1) as results:
        assert sorted(int(value) for value in results.lrange("done", 0, -1)) == list(range(count))
