import random

import pytest

from orchestrator.client.amqp_confirms import Confirms, Returned


def numbered(count: int, prefix: str = "id") -> list[str]:
    return [f"{prefix}{number}" for number in range(1, count + 1)]


async def test_one_by_one_in_any_order() -> None:
    confirms = Confirms()
    batch = confirms.add(numbered(50))
    numbers = list(range(1, 51))
    random.Random(7).shuffle(numbers)
    for number in numbers:
        assert not batch.settled.done()
        confirms.ack(number, multiple=False)
    assert batch.settled.done()
    assert len(confirms) == 0


async def test_many_at_once_across_batches() -> None:
    confirms = Confirms()
    first, second = confirms.add(numbered(10)), confirms.add(numbered(10))
    confirms.ack(3, multiple=False)
    confirms.ack(12, multiple=True)
    assert first.settled.done()
    assert second.missing == 8
    confirms.ack(15, multiple=False)
    confirms.ack(15, multiple=False)
    confirms.ack(20, multiple=True)
    confirms.ack(20, multiple=True)
    assert second.settled.done()


async def test_slow_queue_does_not_hold_up_others() -> None:
    confirms = Confirms()
    slow, quick = confirms.add(["slow"]), confirms.add(["quick"])
    confirms.ack(2, multiple=False)
    assert quick.settled.done()
    assert not slow.settled.done()


async def test_refused_and_returned() -> None:
    confirms = Confirms()
    batch = confirms.add(numbered(5))
    back = Returned("id2", "", "nowhere", "312 NO_ROUTE")
    confirms.returned(back)
    confirms.ack(2, multiple=True)
    confirms.nack(4, multiple=True)
    confirms.ack(5, multiple=False)
    assert batch.settled.done()
    assert batch.refused == ["id3", "id4"]
    assert batch.returned == [back]


async def test_what_is_lost_is_said_by_id() -> None:
    confirms = Confirms()
    first, second = confirms.add(numbered(3)), confirms.add(numbered(2, "other"))
    confirms.ack(2, multiple=False)
    confirms.lose(lambda: ConnectionError("gone"))
    assert first.unanswered == ["id1", "id3"]
    assert second.unanswered == ["other1", "other2"]
    for batch in (first, second):
        with pytest.raises(ConnectionError, match="gone"):
            await batch.settled


async def test_given_up() -> None:
    confirms = Confirms()
    batch = confirms.add(numbered(3))
    confirms.ack(1, multiple=False)
    confirms.give_up(batch)
    assert batch.unanswered == ["id2", "id3"]
    confirms.ack(3, multiple=True)
    assert len(confirms) == 0


async def test_nothing_is_settled_at_once() -> None:
    assert Confirms().add([]).settled.done()
