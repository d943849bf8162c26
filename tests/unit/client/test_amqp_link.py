import asyncio
from typing import Any

import pytest
from amqp import spec

from orchestrator.client.amqp_address import AmqpAddress
from orchestrator.client.amqp_link import AmqpLink
from orchestrator.errors import BrokerUnavailable
from tests.unit.client.fake_rabbit import FakeRabbit, fake_rabbit


class Place:
    def __init__(self, address: AmqpAddress) -> None:
        self._address = address
        self.asked = 0

    def address(self) -> AmqpAddress:
        self.asked += 1
        return self._address


def nowhere() -> Place:
    return Place(AmqpAddress(port=1))


async def test_first_that_answers_and_then_first_again() -> None:
    async with fake_rabbit() as fake:
        dead, alive = nowhere(), Place(fake.address)
        link = AmqpLink([dead, alive])
        connection = await link.ready()
        assert await link.ready() is connection
        fake.peers[0].cut()
        await connection.closed.wait()
        assert link.connection is None
        assert await link.ready() is not connection
        assert (dead.asked, alive.asked) == (1, 2)
        await link.close(within_s=1)
        assert link.connection is None
        await link.close(within_s=1)


async def test_all_who_wait_share_one_attempt() -> None:
    async with fake_rabbit() as fake:
        place = Place(fake.address)
        link = AmqpLink([place])
        first, second = await asyncio.gather(link.ready(), link.ready())
        assert first is second
        assert place.asked == 1
        await link.close(within_s=1)


async def test_failure_is_shared_too_and_says_what() -> None:
    link = AmqpLink([nowhere(), nowhere()], "the broker (results)")
    results: Any = await asyncio.gather(link.ready(), link.ready(), return_exceptions=True)
    for error in results:
        assert isinstance(error, BrokerUnavailable)
        assert str(error).count("the broker (results) at amqp://127.0.0.1:1/ cannot be used") == 2


async def test_cancelled_attempt_is_taken_over() -> None:
    async with fake_rabbit() as fake:
        fake.greets = False
        link = AmqpLink([Place(fake.address)])
        first = asyncio.ensure_future(link.ready())
        second = asyncio.ensure_future(link.ready())
        await until_connected(fake)
        fake.greets = True
        first.cancel()
        assert await second is link.connection
        await link.close(within_s=1)


async def until_connected(fake: FakeRabbit) -> None:
    async with asyncio.timeout(5):
        while not fake.peers:  # noqa: ASYNC110 - the server's side has no event
            await asyncio.sleep(0)


async def test_refusal_is_the_brokers_own() -> None:
    async with fake_rabbit() as fake:
        fake.login_refusal = "ACCESS_REFUSED - no"
        link = AmqpLink([Place(fake.address)])
        with pytest.raises(BrokerUnavailable, match="403 ACCESS_REFUSED - no"):
            await link.ready()
        fake.login_refusal = ""
        fake.greets = False
        with pytest.raises(BrokerUnavailable, match="no answer in 1 s"):
            await link.ready()
        assert fake.all(spec.Connection.Open) == []
