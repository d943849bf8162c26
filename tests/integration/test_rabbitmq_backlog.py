"""The backlog of a real RabbitMQ: depths, ids that are taken out and put back, ids that are only
counted."""

from collections.abc import Iterator
from pathlib import Path

import kombu.pools
import pytest
from celery import Celery

from orchestrator.client.amqp_check import amqp_link, identify
from orchestrator.errors import BrokerUnavailable
from orchestrator.observe.rabbitmq_backlog import RabbitBacklog
from tests.integration.rabbitmq_fixture import RabbitServer, running_rabbitmq


@pytest.fixture(scope="module")
def rabbit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitServer]:
    directory: Path = tmp_path_factory.mktemp("rabbit")
    with running_rabbitmq(directory) as server:
        yield server


def app(rabbit: RabbitServer) -> Celery:
    return Celery("backlog", broker=rabbit.url, set_as_current=False)


def publish(rabbit: RabbitServer, queue: str, *ids: str, kind: str = "classic") -> None:
    celery = app(rabbit)
    celery.conf.task_default_queue_type = kind
    for task_id in ids:
        celery.send_task("x", queue=queue, task_id=task_id)
    kombu.pools.reset()  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("kind", ["classic", "quorum"])
async def test_a_private_queue_is_read_and_left_as_it_was(rabbit: RabbitServer, kind: str) -> None:
    ids = [f"{kind}-{number}" for number in range(50)]
    publish(rabbit, kind, *ids, kind=kind)
    link = amqp_link(app(rabbit), rabbit.url)
    backlog = RabbitBacklog(link, [kind, "no-such-queue"], private=True, held=lambda: 3)
    assert await backlog.depths() == {kind: 50, "unacked": 3}
    assert await backlog.task_ids({}) == set(ids)
    assert (await backlog.depths())[kind] == 50
    assert await backlog.consumers() == {kind: 0}
    await backlog.aclose()
    with rabbit.channel() as channel:
        first = channel.basic_get(kind)
        assert first.properties["correlation_id"] == ids[0]


async def test_a_shared_queue_is_only_counted(rabbit: RabbitServer) -> None:
    publish(rabbit, "shared", "a", "b", "c")
    backlog = RabbitBacklog(amqp_link(app(rabbit), rabbit.url), ["shared"], private=False)
    assert await backlog.depths() == {"shared": 3}
    outstanding = {"shared": ["lost", "a", "b", "c"], "elsewhere": ["d"]}
    assert await backlog.task_ids(outstanding) == {"a", "b", "c"}
    await backlog.aclose()
    with rabbit.channel() as channel:
        assert not channel.basic_get("shared").delivery_info["redelivered"]


async def test_the_broker_says_who_it_is_or_why_not(rabbit: RabbitServer) -> None:
    product, version = await identify(app(rabbit), rabbit.url)
    assert product == "RabbitMQ"
    assert version[0].isdigit()
    cases = {
        rabbit.url.replace("guest:guest", "guest:hunter2"): "ACCESS_REFUSED",
        rabbit.url.replace("amqp://", "amqps://"): "does it want no TLS",
        rabbit.url.removesuffix("//") + "/nowhere": "vhost nowhere not found",
        "amqp://guest:hunter2@127.0.0.1:1//": "Connect call failed",
    }
    for url, reason in cases.items():
        with pytest.raises(BrokerUnavailable, match=f"(?i){reason}") as caught:
            await identify(app(rabbit), url)
        assert "hunter2" not in str(caught.value)
        assert "\n" not in str(caught.value)
