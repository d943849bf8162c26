"""Servers that are gone, frozen, restarted, closed to us, or not what the client speaks to."""

import asyncio
import contextlib
import gc
import shutil
import signal
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from celery import Celery, chord, group

from orchestrator import Client
from orchestrator.errors import (
    BrokerUnavailable,
    ClientClosed,
    NotSupported,
    PublishUncertain,
)
from tests.integration.redis_fixture import (
    Lab,
    RedisServer,
    free_port,
    lab,
    load_client_app,
    running_redis,
)

TIMEOUT_S = 30


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Lab]:
    """Redis and the app, no worker."""
    with lab(tmp_path, worker=False) as made:
        yield made


def an_app(broker: str, results: str | None = None, **settings: Any) -> Any:
    results = broker if results is None else results
    return load_client_app({"broker_url": broker, "result_backend": results, **settings}).app


def finish(server: RedisServer, task_id: str, value: int, *, publish: bool = True) -> None:
    """Do what a worker does with a result."""
    key = f"celery-task-meta-{task_id}"
    meta = (
        f'{{"status": "SUCCESS", "result": {value}, "traceback": null, "children": [], '
        f'"task_id": "{task_id}"}}'
    )
    with server.client(1) as redis:
        redis.set(key, meta, ex=60)
        if publish:
            redis.publish(key, meta)


# ---- at the door ---------------------------------------------------------------------------------


async def test_broker_that_is_not_there() -> None:
    url = f"redis://:secret@127.0.0.1:{free_port()}/0"
    with pytest.raises(BrokerUnavailable, match=r"the broker at redis://127\.0\.0\.1:\d+/0") as e:
        async with Client(an_app(url)):
            pass
    assert "secret" not in str(e.value)


async def test_result_backend_that_is_not_there(bare: Lab) -> None:
    app = an_app(bare.redis.url(), f"redis://127.0.0.1:{free_port()}/0")
    with pytest.raises(BrokerUnavailable, match="the result backend at"):
        async with Client(app):
            pass


async def test_frozen_broker_costs_the_connection_timeout(bare: Lab) -> None:
    app = an_app(bare.redis.url(), broker_transport_options={"socket_connect_timeout": 0.2})
    bare.redis.freeze()
    begun = time.monotonic()
    with pytest.raises(BrokerUnavailable, match=r"no answer in 0\.2 s"):
        async with Client(app):
            pass
    assert time.monotonic() - begun < 2


async def test_passwords_users_and_refusals(tmp_path: Path) -> None:
    with running_redis(tmp_path, "--requirepass", "hush") as server:
        port = server.port
        good = f"redis://:hush@127.0.0.1:{port}/0"
        async with Client(an_app(good)) as client:
            await client.submit(client.app.tasks["client_app.add"].s(1, 2))
        async with Client(an_app(f"redis://default:hush@127.0.0.1:{port}/2")) as client:
            assert await client.gather([]) == []
        for wrong in (f"redis://127.0.0.1:{port}/0", f"redis://:wrong@127.0.0.1:{port}/0"):
            with pytest.raises(BrokerUnavailable, match=r"NOAUTH|WRONGPASS") as error:
                async with Client(an_app(wrong)):
                    pass
            assert "wrong@" not in str(error.value)


async def test_unix_socket(tmp_path: Path) -> None:
    with running_redis(tmp_path) as server:
        url = f"redis+socket://{server.socket_path}"
        app = an_app(url, f"{url}?virtual_host=1")
        async with Client(app) as client:
            handle = await client.submit(app.tasks["client_app.add"].s(1, 2))
            finish(server, handle.id, 3)
            assert await handle.result(timeout=TIMEOUT_S) == 3
        with server.client() as redis:
            assert redis.llen("celery") == 1


async def test_tls(bare: Lab, tmp_path: Path) -> None:
    certificate = _certificate(tmp_path)
    async with _tls_in_front_of(bare.redis, certificate) as port:
        url = f"rediss://localhost:{port}/0?ssl_cert_reqs=required&ssl_ca_certs={certificate}"
        app = an_app(url, url.replace("/0?", "/1?"))
        async with Client(app) as client:
            handle = await client.submit(app.tasks["client_app.add"].s(1, 2))
            finish(bare.redis, handle.id, 3)
            assert await handle.result(timeout=TIMEOUT_S) == 3
        unknown = f"rediss://localhost:{port}/0?ssl_cert_reqs=required"
        with pytest.raises(BrokerUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
            async with Client(an_app(unknown)):
                pass
        unchecked = f"rediss://localhost:{port}/0?ssl_cert_reqs=none"
        async with Client(an_app(unchecked)) as client:
            assert await client.gather([]) == []


@asynccontextmanager
async def _tls_in_front_of(server: RedisServer, certificate: str) -> AsyncIterator[int]:
    """A TLS port before a Redis that need not be built with TLS."""

    async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await source.read(65536):
                target.write(data)
                await target.drain()
        target.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner = await asyncio.open_connection("127.0.0.1", server.port)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(pump, reader, inner[1])
            tasks.start_soon(pump, inner[0], writer)

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    front = await asyncio.start_server(serve, "localhost", 0, ssl=context)
    async with front:
        yield front.sockets[0].getsockname()[1]


def _certificate(directory: Path) -> str:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    path = directory / "both.pem"
    argv = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    argv += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    argv += ["-keyout", str(directory / "key.pem"), "-out", str(directory / "cert.pem")]
    subprocess.run(argv, check=True, capture_output=True)
    path.write_bytes((directory / "key.pem").read_bytes() + (directory / "cert.pem").read_bytes())
    return str(path)


@pytest.mark.parametrize(
    ("broker", "results", "message"),
    [
        ("memory://", "redis://localhost/0", "not to a broker of type memory"),
        ("sentinel://localhost:26379/0", "redis://localhost/0", "Redis Sentinel"),
        ("redis://localhost/0", "rpc://", "need RabbitMQ"),
        ("redis://localhost/0", "cache+memory://", "CacheBackend"),
        ("redis://localhost/0", "sentinel://localhost:26379/0", "Redis Sentinel"),
    ],
)
async def test_what_is_not_supported_says_so(broker: str, results: str, message: str) -> None:
    app = Celery("elsewhere", broker=broker, backend=results, set_as_current=False)
    with pytest.raises(NotSupported, match=message):
        async with Client(app):
            pass


# ---- lost on the way -----------------------------------------------------------------------------


async def test_results_that_came_while_the_listener_was_cut_off(bare: Lab) -> None:
    t: Any = bare.module
    async with Client(bare.app) as client:
        handle = await client.submit(t.add.s(1, 2))
        foreign = await client.submit(t.add.s(1, 2).set(task_id="foreign"))
        late = await client.submit(t.add.s(1, 2).set(task_id="late"))
        for task_id in (handle.id, "foreign"):
            finish(bare.redis, task_id, 3, publish=False)
        with bare.redis.client() as redis:
            redis.client_kill_filter(_type="pubsub")
        assert await handle.result(timeout=TIMEOUT_S) == 3
        assert await foreign.result(timeout=TIMEOUT_S) == 3
        finish(bare.redis, "late", 4)
        assert await late.result(timeout=TIMEOUT_S) == 4
        again = await client.submit(t.add.s(1, 2))
        finish(bare.redis, again.id, 5)
        assert await again.result(timeout=TIMEOUT_S) == 5


async def test_parent_failure_wins_over_the_chord_error_after_a_gap(bare: Lab) -> None:
    t: Any = bare.module
    failure = (
        '{"status": "FAILURE", "result": {"exc_type": "%s", "exc_message": ["%s"], '
        '"exc_module": "%s"}, "traceback": null, "children": []}'
    )
    async with Client(bare.app) as client:
        handle = await client.submit(chord([t.fail.s("boo"), t.add.s(1, 1)], t.total.s()))
        header = handle.async_result.parent.results[0].id
        prefix = "celery-task-meta-"
        with bare.redis.client(1) as redis:
            body = failure % ("ChordError", "Dependency", "celery.exceptions")
            redis.set(f"{prefix}{handle.id}", body)
            redis.set(f"{prefix}{header}", failure % ("ValueError", "boo", "builtins"))
            redis.client_kill_filter(_type="pubsub")
        with pytest.raises(ValueError, match="boo"):
            await handle.result(timeout=TIMEOUT_S)


async def test_redis_restarted_while_waiting(bare: Lab) -> None:
    t: Any = bare.module
    async with Client(bare.app) as client:
        handle = await client.submit(t.add.s(1, 2))
        bare.redis.stop(by=signal.SIGKILL)
        session: Any = client._session
        await session._sender._link._connection.closed.wait()
        with pytest.raises(BrokerUnavailable):
            await client.submit(t.add.s(1, 2), timeout=0.2)
        bare.redis.start()
        finish(bare.redis, handle.id, 3)
        assert await handle.result(timeout=TIMEOUT_S) == 3
        other = await client.submit(t.add.s(3, 4).set(queue="topical"))
        with bare.redis.client() as redis:
            assert redis.llen("topical") == 1
            assert redis.smembers("_kombu.binding.news")
        finish(bare.redis, other.id, 7)
        assert await other.result(timeout=TIMEOUT_S) == 7


async def test_batch_that_may_have_been_sent_is_reported(bare: Lab) -> None:
    t: Any = bare.module
    async with Client(bare.app) as client:
        await client.submit(t.add.s(0, 0))
        bare.redis.freeze()
        task_id = client.new_id()
        errors: list[PublishUncertain] = []

        async def submit() -> None:
            with pytest.raises(PublishUncertain, match="not sent again") as error:
                await client.submit(t.add.s(1, 2).set(task_id=task_id))
            errors.append(error.value)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(submit)
            await anyio.wait_all_tasks_blocked()
            bare.redis.stop(by=signal.SIGKILL)
        assert errors[0].task_ids == (task_id,)
        (handle,) = errors[0].handles
        assert handle.id == task_id
        assert list(client._session._listener._waiting) == [task_id]  # type: ignore[union-attr]
        del handle
        errors.clear()
        gc.collect()  # an error and its traceback know each other
        await anyio.wait_all_tasks_blocked()
        assert client._session._listener._waiting == {}  # type: ignore[union-attr]


async def test_broker_that_refuses_messages(tmp_path: Path) -> None:
    with running_redis(tmp_path, "--maxmemory", "1") as server:
        app = an_app(server.url(0), server.url(1))
        async with Client(app) as client:
            with pytest.raises(BrokerUnavailable, match="refused the messages: OOM"):
                await client.submit(app.tasks["client_app.add"].s(1, 2))


async def test_half_refused_batch_is_uncertain(bare: Lab) -> None:
    t: Any = bare.module
    with bare.redis.client() as redis:
        redis.set("other", "not a list")
    async with Client(bare.app) as client:
        with pytest.raises(PublishUncertain, match="WRONGTYPE"):
            await client.submit(group(t.add.s(1, 2), t.add.s(1, 2).set(queue="other")))


async def test_chord_is_not_sent_when_its_size_cannot_be_kept(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with (
        running_redis(tmp_path / "a") as broker,
        running_redis(tmp_path / "b", "--maxmemory", "1") as results,
    ):
        module: Any = load_client_app({"broker_url": broker.url(), "result_backend": results.url()})
        t = module
        async with Client(module.app) as client:
            with pytest.raises(BrokerUnavailable, match=r"the result backend.*OOM"):
                await client.submit(chord([t.add.s(1, 1), t.add.s(2, 2)], t.total.s()))
        with broker.client() as redis:
            assert redis.llen("celery") == 0


@pytest.mark.parametrize("how", ["gone", "frozen"])
async def test_closing_is_bounded_when_the_server_is(bare: Lab, how: str) -> None:
    t: Any = bare.module
    client = Client(bare.app)
    async with client:
        handle = await client.submit(t.add.s(1, 2))
        if how == "gone":
            bare.redis.stop(by=signal.SIGKILL)
        else:
            bare.redis.freeze()
        begun = time.monotonic()
    assert time.monotonic() - begun < 2
    with pytest.raises(ClientClosed):
        await handle
    if how == "frozen":
        bare.redis.thaw()
    else:
        bare.redis.start()
