"""A real private Redis: its password, its end, and what is said of brokers that do not answer."""

import os
import shutil
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import psutil
import pytest
from celery import Celery
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError

from orchestrator.client.amqp_check import identify
from orchestrator.environment.broker import (
    NO_RESULTS_URL,
    PRIVATE_RESULTS,
    BrokerStart,
    open_broker,
)
from orchestrator.environment.guardian import open_guardian
from orchestrator.environment.masking import mask_url
from orchestrator.environment.redis_check import check_redis
from orchestrator.environment.redis_server import open_redis
from orchestrator.errors import BrokerUnavailable
from orchestrator.records import BrokerInfo, TargetPlan
from tests.integration.rabbitmq_fixture import rabbitmq_programs
from tests.integration.redis_fixture import redis_binary


async def check_amqp(url: str) -> tuple[str, str]:
    return await identify(Celery("check", set_as_current=False), url)


@asynccontextmanager
async def broker_for(
    folder: Path,
    target: TargetPlan,
    app_urls: tuple[str | None, str | None] = (None, None),
    *,
    chords: bool = False,
) -> AsyncIterator[BrokerInfo]:
    async with anyio.create_task_group() as group, open_guardian() as guardian:
        start = BrokerStart(guardian, folder, group, check_amqp, app_urls, chords)
        async with open_broker(target, start) as broker:
            yield broker


@asynccontextmanager
async def raised_alone() -> AsyncIterator[None]:
    """The one exception inside the groups that a task group makes of it."""
    try:
        yield
    except BaseExceptionGroup as group:
        inner: BaseException = group
        while isinstance(inner, BaseExceptionGroup):
            (inner,) = inner.exceptions
        raise inner from None


def mode_of(path: str) -> int:
    return os.stat(path).st_mode & 0o777


async def test_the_private_server_is_locked_and_gone_at_the_end(tmp_path: Path) -> None:
    async with broker_for(tmp_path, TargetPlan()) as broker:
        assert broker.kind in ("redis", "valkey")
        assert broker.path
        assert os.access(broker.path, os.X_OK)
        assert broker.results_url == broker.url
        port = int(broker.url.rpartition(":")[2].partition("/")[0])
        async with Redis.from_url(broker.url) as client:
            await client.set("key", "value")
            assert (await client.config_get("maxmemory-policy")) == {
                "maxmemory-policy": "noeviction"
            }
            assert (await client.config_get("save")) == {"save": ""}
            process = psutil.Process((await client.info("server"))["process_id"])
        async with Redis(port=port, retry=Retry(NoBackoff(), 0)) as stranger:
            with pytest.raises(AuthenticationError):
                await stranger.ping()
        password = broker.url.partition("://:")[2].partition("@")[0]
        assert len(password) >= 32
        assert password not in " ".join(process.cmdline())
        directory = process.cwd()
        assert [mode_of(directory), mode_of(f"{directory}/redis.conf")] == [0o700, 0o600]
    assert not process.is_running()
    assert not os.path.exists(directory)  # noqa: ASYNC240
    with pytest.raises(BrokerUnavailable, match="cannot be reached"):
        await check_redis(broker.url)


async def test_a_private_valkey(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no Valkey, a Redis that says it is one: only what Valkey itself does different
    is not seen then."""
    if not shutil.which("valkey-server"):
        program = tmp_path / "valkey-server"
        program.write_text(
            "#!/bin/sh\n"
            '[ "$1" = --version ] && exec echo "Valkey server v=8.1.1 sha=0 malloc=libc bits=64"\n'
            f'exec "{redis_binary()}" "$@"\n'
        )
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    async with broker_for(tmp_path, TargetPlan("valkey")) as broker:
        assert broker.kind == "valkey"
        assert str(broker.path).endswith("/valkey-server")
        assert (await check_redis(broker.url)).version == broker.version


async def test_a_private_server_that_dies_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(BrokerUnavailable, match="died"):
        async with raised_alone(), broker_for(tmp_path, TargetPlan()) as broker:
            async with Redis.from_url(broker.url) as client:
                pid = (await client.info("server"))["process_id"]
            os.kill(pid, signal.SIGKILL)
            await anyio.sleep(30)


async def test_a_fixed_port_without_a_password(tmp_path: Path) -> None:
    """What the `broker` command does."""
    log_path = tmp_path / "redis.log"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with (
        open_guardian() as guardian,
        open_redis(guardian, log_path=log_path, port=port, password=None) as server,
    ):
        assert server.info.url == f"redis://127.0.0.1:{port}/0"
        assert (await check_redis(server.info.url)).version == server.info.version
        with pytest.raises(BrokerUnavailable, match=f"Port {port} of 127.0.0.1 is taken"):
            async with open_redis(guardian, log_path=log_path, port=port, password=None):
                raise AssertionError("not reached")


async def test_any_password_can_be_set(tmp_path: Path) -> None:
    password = 'a "b" \\ #c/d:e@f?g\'\u00e9'
    async with (
        open_guardian() as guardian,
        open_redis(guardian, log_path=tmp_path / "redis.log", password=password) as server,
    ):
        await check_redis(server.info.url)


async def test_an_existing_broker_is_asked_who_it_is(tmp_path: Path) -> None:
    async with broker_for(tmp_path, TargetPlan()) as private:
        url, other = private.url, private.url.removesuffix("/0") + "/1"
        cases: list[tuple[TargetPlan, tuple[str | None, str | None], str]] = [
            (TargetPlan(broker=url), (None, None), url),
            (TargetPlan(broker=url, results="none"), (None, None), NO_RESULTS_URL),
            (TargetPlan(broker=url, results=other), (None, None), other),
            (TargetPlan(broker="app"), (url, None), url),
            (TargetPlan(broker="app"), (url, other), other),
        ]
        for target, app_urls, results_url in cases:
            async with broker_for(tmp_path, target, app_urls) as broker:
                assert broker == BrokerInfo(private.kind, private.version, None, url, results_url)


async def test_a_broker_that_refuses_is_one_masked_line(tmp_path: Path) -> None:
    async with broker_for(tmp_path, TargetPlan()) as private:
        address = private.url.partition("@")[2]
        cases = {
            f"redis://:hunter2@{address}": "refused the login",
            f"redis://{address}": "refused the login",
            "redis://:hunter2@127.0.0.1:1/0": "cannot be reached",
            "redis://:hunter2@nowhere.invalid/0": "cannot be reached",
            "redis://:hunter2@127.0.0.1:port/0": "cannot be reached",
        }
        for url, reason in cases.items():
            with pytest.raises(BrokerUnavailable) as caught:
                async with raised_alone(), broker_for(tmp_path, TargetPlan(broker=url)):
                    raise AssertionError("not reached")
            message = str(caught.value)
            assert message.startswith(f"{mask_url(url)} {reason}")
            assert "hunter2" not in message
            assert "\n" not in message


async def test_a_listener_that_never_answers_is_given_up() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        with pytest.raises(BrokerUnavailable, match=r"did not answer in 0\.2 s; does it want TLS"):
            await check_redis(url, timeout_s=0.2)


async def test_tls_to_a_server_without_it_is_said(tmp_path: Path) -> None:
    async with broker_for(tmp_path, TargetPlan()) as private:
        url = private.url.replace("redis://", "rediss://")
        with pytest.raises(BrokerUnavailable, match="does it want no TLS"):
            await check_redis(url, timeout_s=0.5)


async def test_a_private_rabbitmq_is_ours_and_gone_at_the_end(tmp_path: Path) -> None:
    """With a chord the results need a Redis; else they come by rpc."""
    rabbitmq_programs()
    before = psutil.Process().children()
    async with broker_for(tmp_path, TargetPlan("rabbitmq"), chords=True) as broker:
        assert (broker.kind, broker.results_why) == ("rabbitmq", PRIVATE_RESULTS)
        await check_redis(broker.results_url)
        children = set(psutil.Process().children(recursive=True)) - set(before)
        assert {"epmd", "beam.smp"} <= {child.name() for child in children}
        url = broker.url
        for existing in (TargetPlan(url), TargetPlan("app")):
            async with broker_for(tmp_path, existing, (url, None)) as found:
                assert found == BrokerInfo("rabbitmq", broker.version, None, url, "rpc://")
        why = await refused(tmp_path, url.replace("//orchestrator:", "//orchestrator:hunter2"))
        assert "ACCESS_REFUSED" in why
        assert "hunter2" not in why
    _gone, alive = psutil.wait_procs(children, timeout=10)
    assert not alive, alive
    why = await refused(tmp_path, url)
    assert "cannot be used" in why
    assert "orchestrator:" not in why


async def refused(folder: Path, url: str) -> str:
    """The one line that is said of a broker that cannot be used."""
    with pytest.raises(BrokerUnavailable) as caught:
        async with raised_alone(), broker_for(folder, TargetPlan(url)):
            raise AssertionError("not reached")
    assert "\n" not in str(caught.value)
    return str(caught.value)
