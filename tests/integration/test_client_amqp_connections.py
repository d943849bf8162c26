"""RabbitMQ that refuses, blocks, freezes, is restarted or is not there at all."""

import asyncio
import gc
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from amqp import Connection
from celery import Celery, group

from orchestrator import Client
from orchestrator.client.amqp_failures import DeclarationRefused, UnroutableTasks
from orchestrator.client.amqp_results import RpcListener
from orchestrator.client.amqp_sender import AmqpSender
from orchestrator.errors import BrokerUnavailable, ClientClosed, PublishUncertain, UsageError
from tests.integration.rabbitmq_fixture import RabbitLab, RabbitServer, rabbit_lab, running_rabbitmq
from tests.integration.redis_fixture import free_port, load_client_app

TIMEOUT_S = 60


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitLab]:
    """Without a worker: what was sent stays in the queues."""
    settings = {"task_queue_max_priority": 10}
    with rabbit_lab(tmp_path_factory.mktemp("bare"), settings, worker=False) as made:
        yield made


def sender_of(client: Client) -> AmqpSender:
    session: Any = client._session
    sender: AmqpSender = session._sender
    return sender


def listener_of(client: Client) -> RpcListener:
    session: Any = client._session
    listener: RpcListener = session._listener
    return listener


def connection_of(client: Client) -> Any:
    return sender_of(client)._link.connection


# ---- queues --------------------------------------------------------------------------------------


async def test_nothing_is_left_behind(bare: RabbitLab) -> None:
    async with Client(bare.app) as client:
        await client.submit(bare.module.add.s(1, 2))
        reply_queue = listener_of(client).queue
        assert bare.rabbit.has_queue(reply_queue)
    queues = await asyncio.to_thread(bare.rabbit.queues)
    assert reply_queue not in queues
    assert {name for name in queues if name.count("-") == 4} == set()


async def test_higher_priority_first(bare: RabbitLab) -> None:
    t: Any = bare.module
    with bare.rabbit.channel() as channel:
        channel.queue_delete("other")
    async with Client(bare.app) as client:
        for priority in (1, 9, 5):
            await client.submit(t.add.s(1, 2).set(queue="other", priority=priority))
    with bare.rabbit.channel() as channel:
        messages = [channel.basic_get("other", no_ack=True) for _ in range(3)]
    assert [message.priority for message in messages] == [9, 5, 1]


async def test_missing_queue_is_made_as_the_app_says(bare: RabbitLab) -> None:
    app = an_app(bare.rabbit.url, task_create_missing_queue_type="quorum")
    async with Client(app) as client:
        await client.submit(app.signature("add", (1, 2)).set(queue="made-up"))
    with bare.rabbit.channel() as channel:
        arguments = {"x-queue-type": "quorum"}
        declared = channel.queue_declare(
            "made-up", durable=True, auto_delete=False, arguments=arguments
        )
    assert declared.message_count == 1


async def test_queue_that_exists_otherwise(bare: RabbitLab) -> None:
    t: Any = bare.module
    with bare.rabbit.channel() as channel:
        channel.queue_delete("other")
        channel.queue_declare("other", durable=False, auto_delete=False)
    async with Client(bare.app) as client:
        for _ in range(2):
            with pytest.raises(DeclarationRefused, match=r"queue 'other'.*inequivalent arg"):
                await client.submit(t.add.s(1, 2).set(queue="other"))
        await client.submit(t.add.s(1, 2))
        assert bare.rabbit.depth("other") == 0
        with bare.rabbit.channel() as channel:
            channel.queue_delete("other")
        await client.submit(t.add.s(1, 2).set(queue="other"))
        assert bare.rabbit.depth("other") == 1


async def test_reply_queue_that_is_deleted_is_made_again(bare: RabbitLab) -> None:
    async with Client(bare.app) as client:
        listener = listener_of(client)
        with bare.rabbit.channel() as channel:
            channel.queue_delete(listener.queue)
        async with asyncio.timeout(TIMEOUT_S):
            while listener._channel is None or not bare.rabbit.has_queue(listener.queue):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        handle = await client.submit(bare.module.add.s(1, 2))
        answer(bare, handle.id, listener.queue, 3)
        assert await handle.result(timeout=TIMEOUT_S) == 3


def answer(laboratory: RabbitLab, task_id: str, queue: str, value: Any) -> None:
    """Send a result as a worker does."""
    meta = {"status": "SUCCESS", "result": value, "task_id": task_id, "traceback": None}
    with laboratory.app.connection_for_write() as connection:
        producer = connection.Producer(serializer="json")
        producer.publish(meta, exchange="", routing_key=queue, correlation_id=task_id)


async def test_results_that_nobody_waits_for_and_states_on_the_way(bare: RabbitLab) -> None:
    seen: list[Any] = []
    async with Client(bare.app, on_result=seen.append) as client:
        handle = await client.submit(bare.module.add.s(1, 2))
        queue = listener_of(client).queue
        with bare.app.connection_for_write() as connection:
            started = {"status": "STARTED", "result": None, "task_id": handle.id}
            producer = connection.Producer(serializer="json")
            producer.publish(started, exchange="", routing_key=queue, correlation_id=handle.id)
        answer(bare, "another", queue, 5)
        answer(bare, handle.id, queue, 3)
        assert await handle.result(timeout=TIMEOUT_S) == 3
        answer(bare, handle.id, queue, 3)
        async with asyncio.timeout(TIMEOUT_S):
            while len(seen) < 3:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    assert [(result.id, result.value) for result in seen] == [
        ("another", 5),
        (handle.id, 3),
        (handle.id, 3),
    ]


# ---- messages that are not kept ------------------------------------------------------------------


async def test_unroutable(bare: RabbitLab) -> None:
    t: Any = bare.module
    with bare.rabbit.channel() as channel:
        channel.exchange_declare("letters", "direct", durable=True, auto_delete=False)
    async with Client(bare.app) as client:
        nowhere = t.add.s(1, 2).set(exchange="letters", routing_key="nobody", task_id="lost")
        with pytest.raises(UnroutableTasks, match="nobody") as caught:
            await client.submit(nowhere)
        assert caught.value.task_ids == ("lost",)
        with pytest.raises(UnroutableTasks, match="1 of 2 messages came back") as caught:
            await client.submit(group(nowhere, t.add.s(1, 2)))
        unknown = t.add.s(1, 2).set(exchange="no-such", routing_key="nobody", task_id="lost")
        with pytest.raises(UnroutableTasks, match="no exchange 'no-such'"):
            await client.submit(unknown)
        assert connection_of(client) is not None
        await client.submit(t.add.s(1, 2))


async def test_refused_by_a_full_queue(bare: RabbitLab) -> None:
    t: Any = bare.module
    arguments = {"x-max-length": 1, "x-overflow": "reject-publish"}
    with bare.rabbit.channel() as channel:
        channel.exchange_declare("letters", "direct", durable=True, auto_delete=False)
        channel.queue_declare("narrow", durable=True, auto_delete=False, arguments=arguments)
        channel.queue_bind("narrow", "letters", "narrow")
    async with Client(bare.app) as client:
        sent = t.add.s(1, 2).set(exchange="letters", routing_key="narrow")
        await client.submit(sent)
        with pytest.raises(PublishUncertain, match=r"basic\.nack") as caught:
            await client.submit(sent.clone().set(task_id="refused"))
        assert caught.value.task_ids == ("refused",)
        assert bare.rabbit.depth("narrow") == 1


async def test_too_large_for_the_broker(bare: RabbitLab) -> None:
    t: Any = bare.module
    with pytest.raises(PublishUncertain, match="PRECONDITION_FAILED"):
        async with Client(bare.app) as client:
            await client.submit(t.identity.s("x" * (135 * 1024 * 1024)))


async def test_large_message_and_large_result(bare: RabbitLab) -> None:
    t: Any = bare.module
    text = "ä" * 1_000_000
    with bare.rabbit.channel() as channel:
        channel.queue_purge("celery")
    async with Client(bare.app) as client:
        handle = await client.submit(t.identity.s(text))
        with bare.rabbit.channel() as channel:
            body = channel.basic_get("celery", no_ack=True).body
        assert len(body) > 1_000_000
        answer(bare, handle.id, listener_of(client).queue, text)
        assert await handle.result(timeout=TIMEOUT_S) == text


# ---- blocked, frozen, gone -----------------------------------------------------------------------


async def test_blocked_broker_is_waited_for(bare: RabbitLab) -> None:
    t: Any = bare.module
    async with Client(bare.app) as client:
        await client.submit(t.add.s(1, 2))
        await asyncio.to_thread(bare.rabbit.control, "set_vm_memory_high_watermark", "0.000001")
        try:
            first = asyncio.create_task(client.submit(t.add.s(1, 2)))
            async with asyncio.timeout(TIMEOUT_S):
                while connection_of(client).blocked is None:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            second = asyncio.create_task(client.submit(t.add.s(1, 2)))
            done, _ = await asyncio.wait({first, second}, timeout=0.2)
            assert not done
        finally:
            await asyncio.to_thread(bare.rabbit.control, "set_vm_memory_high_watermark", "0.4")
        async with asyncio.timeout(TIMEOUT_S):
            await asyncio.gather(first, second)


async def test_confirm_timeout(bare: RabbitLab) -> None:
    t: Any = bare.module
    async with Client(bare.app) as client:
        await client.submit(t.add.s(1, 2))
        bare.rabbit.freeze()
        try:
            with pytest.raises(PublishUncertain, match=r"within 0\.3 s") as caught:
                await client.submit(t.add.s(1, 2).set(confirm_timeout=0.3, task_id="slow"))
            assert caught.value.task_ids == ("slow",)
        finally:
            bare.rabbit.thaw()
        await client.submit(t.add.s(1, 2))


async def test_frozen_broker_is_noticed_by_its_silence(bare: RabbitLab) -> None:
    t: Any = bare.module
    app = load_client_app(
        {"broker_url": f"{bare.rabbit.url}?heartbeat=1", "result_backend": "rpc://"}
    ).app
    app.conf.broker_transport_options = {"heartbeat": 1}
    async with Client(app) as client:
        connection = connection_of(client)
        await client.submit(app.signature(t.add.name, (1, 2)).set(queue="straight"))
        bare.rabbit.freeze()
        try:
            waiting = asyncio.create_task(
                client.submit(app.signature(t.add.name, (1, 2)).set(queue="straight"))
            )
            async with asyncio.timeout(10):
                await connection.closed.wait()
                with pytest.raises(PublishUncertain, match="no sign of life"):
                    await waiting
        finally:
            bare.rabbit.thaw()


@pytest.mark.parametrize("how", ["gone", "frozen"])
async def test_closing_is_bounded(bare: RabbitLab, how: str) -> None:
    client = Client(bare.app)
    async with client:
        handle = await client.submit(bare.module.add.s(1, 2))
        if how == "gone":
            bare.rabbit.stop(by=signal.SIGKILL)
        else:
            bare.rabbit.freeze()
        begun = time.monotonic()
    assert time.monotonic() - begun < 2
    with pytest.raises(ClientClosed):
        await handle
    if how == "gone":
        await asyncio.to_thread(bare.rabbit.start)
    else:
        bare.rabbit.thaw()


async def test_gone_while_confirming_is_uncertain(bare: RabbitLab) -> None:
    t: Any = bare.module
    async with Client(bare.app) as client:
        await client.submit(t.add.s(1, 2))
        bare.rabbit.freeze()
        ids = [f"task-{number}" for number in range(20)]
        members = [t.add.s(1, 2).set(task_id=task_id) for task_id in ids]
        waiting = asyncio.create_task(client.submit(group(members)))
        await asyncio.sleep(0)
        bare.rabbit.stop(by=signal.SIGKILL)
        with pytest.raises(PublishUncertain, match="the connection broke") as caught:
            await waiting
        assert set(caught.value.task_ids) == set(ids)
        with pytest.raises(BrokerUnavailable, match="cannot be used"):
            await client.submit(t.add.s(1, 2), timeout=0.3)
        starting = asyncio.create_task(asyncio.to_thread(bare.rabbit.start))
        await client.submit(t.add.s(1, 2), timeout=TIMEOUT_S)
        await starting
    assert bare.rabbit.depth("celery") > 0


# ---- the way in ----------------------------------------------------------------------------------


def an_app(broker: str, **settings: Any) -> Celery:
    app = Celery("elsewhere", broker=broker, backend="rpc://", set_as_current=False)
    app.conf.update(settings)
    return app


async def test_refused_at_the_door(bare: RabbitLab) -> None:
    place = f"127.0.0.1:{bare.rabbit.port}"
    for url, message in (
        (f"amqp://guest:se%2Fcret@{place}//", "ACCESS_REFUSED"),
        (f"amqp://guest:guest@{place}/no-such", "no-such"),
        (f"amqp://guest:guest@127.0.0.1:{free_port()}//", "Connect call failed"),
    ):
        with pytest.raises((BrokerUnavailable, UsageError), match=message) as caught:
            async with Client(an_app(url)):
                pass
        assert "cret" not in str(caught.value)


async def test_first_broker_that_answers(bare: RabbitLab) -> None:
    url = f"amqp://guest:guest@127.0.0.1:{free_port()}//;{bare.rabbit.url}"
    app = an_app(url)
    async with Client(app) as client:
        assert connection_of(client).address.port == bare.rabbit.port
    with pytest.raises(BrokerUnavailable) as caught:
        dead = f"amqp://127.0.0.1:{free_port()}//;amqp://127.0.0.1:{free_port()}//"
        async with Client(an_app(dead)):
            pass
    assert str(caught.value).count("cannot be used") == 2


async def test_virtual_host(bare: RabbitLab) -> None:
    for command in (
        ("add_vhost", "my/host"),
        ("set_permissions", "-p", "my/host", "guest", ".*", ".*", ".*"),
    ):
        await asyncio.to_thread(bare.rabbit.control, *command)
    url = f"amqp://guest:guest@127.0.0.1:{bare.rabbit.port}/my%2Fhost"
    app = an_app(url)
    async with Client(app) as client:
        await client.submit(app.signature("add", (1, 2)))
    place = f"127.0.0.1:{bare.rabbit.port}"
    with Connection(place, "guest", "guest", virtual_host="my/host") as connection:
        assert connection.channel().queue_declare("celery", passive=True).message_count == 1


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RabbitServer, int, Path]]:
    if (openssl := shutil.which("openssl")) is None:
        pytest.skip("no openssl is installed")
    directory = tmp_path_factory.mktemp("tls")
    certificate, key = directory / "certificate.pem", directory / "key.pem"
    argv = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    argv += ["-subj", "/CN=broker.test", "-addext", "subjectAltName=DNS:broker.test"]
    argv += ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(argv, check=True, capture_output=True)
    port = free_port()
    lines = [f"listeners.ssl.1 = 127.0.0.1:{port}", f"ssl_options.certfile = {certificate}"]
    lines += [f"ssl_options.keyfile = {key}", f"ssl_options.cacertfile = {certificate}"]
    with running_rabbitmq(directory, *lines) as server:
        yield server, port, certificate


async def test_tls(tls: tuple[RabbitServer, int, Path]) -> None:
    _, port, certificate = tls
    url = f"amqps://guest:guest@127.0.0.1:{port}//"
    known = {"ca_certs": str(certificate), "server_hostname": "broker.test"}
    app = an_app(url, broker_use_ssl=known)
    async with Client(app) as client:
        await client.submit(group(app.signature("add", (1, 2)) for _ in range(1000)))
    for options in (None, True, {**known, "server_hostname": "elsewhere.test"}):
        with pytest.raises(BrokerUnavailable, match="certificate verify failed"):
            async with Client(an_app(url, broker_use_ssl=options)):
                pass
    with pytest.raises(UsageError, match="cannot be used"):
        async with Client(an_app(url, broker_use_ssl={"ca_cert": "mistyped"})):
            pass


def test_garbage_is_collected_quietly(bare: RabbitLab) -> None:
    """Handles that are dropped after the loop has ended."""

    async def main() -> list[Any]:
        async with Client(bare.app) as client:
            return [await client.submit(bare.module.add.s(1, 2)) for _ in range(3)]

    asyncio.run(main())
    gc.collect()
