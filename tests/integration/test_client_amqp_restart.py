"""RabbitMQ is killed and started again while a real worker has our tasks."""

import asyncio
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from celery import group

from orchestrator import Client
from orchestrator.errors import BrokerUnavailable
from tests.integration.rabbitmq_fixture import RabbitLab, rabbit_lab
from tests.integration.redis_fixture import running_worker

TIMEOUT_S = 60
MANY = 300


@pytest.fixture(params=["rpc", "redis"])
def laboratory(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RabbitLab]:
    # Late acknowledgements: what a worker held when the broker went is run again afterwards.
    settings = {
        "task_acks_late": True,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
    }
    directory = tmp_path_factory.mktemp("restart")
    with rabbit_lab(directory, settings, results=request.param, worker=False) as made:
        yield made


async def test_results_survive_a_restart(laboratory: RabbitLab) -> None:
    """By rpc too: our reply queue is durable, and workers repeat what they could not send.

    What rpc can lose are results that wait in the reply queue when the broker dies: they are not
    persistent. Here all are read at once, so there are none.
    """
    t: Any = laboratory.module
    settings = laboratory.settings
    async with Client(laboratory.app) as client:
        with running_worker(laboratory, settings):
            running = await client.submit(t.nap.s(3, "through"))
            laboratory.rabbit.stop(by=signal.SIGKILL)
            session: Any = client._session
            await session._sender._link._connection.closed.wait()
            with pytest.raises(BrokerUnavailable):
                await client.submit(t.add.s(1, 2), timeout=0.3)
            await asyncio.to_thread(laboratory.rabbit.start)
            assert await running.result(timeout=TIMEOUT_S) == "through"
        # A worker of its own for what follows: a stock one that has come back from a lost
        # connection sometimes consumes no more, and it is the client that is tested here.
        with running_worker(laboratory, settings, await_ready=False):
            adds = group(t.add.s(i, i) for i in range(MANY))
            values = await client.call(adds, timeout=TIMEOUT_S)
        assert values == [2 * i for i in range(MANY)]
