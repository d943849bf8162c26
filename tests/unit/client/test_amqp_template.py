import asyncio
import re
from collections.abc import Iterable
from typing import Any

import pytest
from celery import chord, group
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.client.amqp_template import AmqpDialect
from orchestrator.client.arguments import ArgumentTexts
from orchestrator.client.fast_road import FastRoad
from orchestrator.client.template import NotUnderstood
from tests.unit.client.rabbit_app import RabbitRecorder

UUID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
Message = tuple[tuple[str, str], bytes, bytes]

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "transient, with a priority": {
        "task_default_delivery_mode": "transient",
        "task_default_priority": 4,
    },
    "pickled": {"task_serializer": "pickle", "accept_content": ["pickle"]},
}


def fast(recorder: RabbitRecorder) -> FastRoad:
    return FastRoad(recorder.app, recorder.capturer, recorder.ids, AmqpDialect(recorder.broker))


def without_ids(messages: Iterable[Message]) -> list[Message]:
    """Ids are named by the order in which they appear."""
    names: dict[bytes, bytes] = {}

    def named(text: bytes) -> bytes:
        return UUID.sub(lambda found: names.setdefault(found[0], b"id %d" % len(names)), text)

    return [(target, named(properties), named(body)) for target, properties, body in messages]


async def both(recorder: RabbitRecorder, make: Any) -> tuple[list[Message], list[Message]]:
    """What the two roads send, without ids."""
    taken = await fast(recorder).take(make())
    assert taken is not None, "the general road was taken"
    messages = taken.captured.messages
    assert messages is not None
    ours = [
        (target, properties, body)
        for target, made in messages.pushes()
        for properties, body in made
    ]
    stock = [
        ((message.exchange, message.routing_key), message.properties, message.body)
        for message in recorder.capture(make()).commands
    ]
    return without_ids(ours), without_ids(stock)


@pytest.mark.parametrize("name", SETTINGS)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_messages_are_those_of_celery(name: str, data: st.DataObject) -> None:
    args = data.draw(st.lists(VALUES, min_size=1, max_size=2))
    recorder = RabbitRecorder(**SETTINGS[name])
    task = recorder.app.tasks["add"]
    for make in (
        lambda: task.s(*args),
        lambda: group(task.s(*args), task.s(1, 2), task.s(3, y=4)),
    ):
        ours, stock = asyncio.run(both(recorder, make))
        assert ours == stock


async def test_more_than_one_page() -> None:
    recorder = RabbitRecorder()
    task = recorder.app.tasks["add"]
    ours, stock = await both(recorder, lambda: group(task.s(i, i) for i in range(5000)))
    assert ours == stock


async def test_ids_of_the_users_own() -> None:
    recorder = RabbitRecorder()
    task = recorder.app.tasks["add"]
    ours, stock = await both(recorder, lambda: task.s(1, 2).set(task_id="mine"))
    assert ours == stock


async def test_what_takes_the_general_road() -> None:
    recorder = RabbitRecorder()
    task = recorder.app.tasks["add"]
    road = fast(recorder)
    for signature in (
        task.s(1, 2).set(countdown=5),
        task.s(1, 2).set(expiration=5),
        task.s(1, 2).set(confirm_timeout=5),
        task.s(1, 2).set(compression="zlib"),
        task.s(1) | task.s(2),
        chord([task.s(1, 1) | task.s(2)], task.s()),
    ):
        assert await road.take(signature) is None


async def test_message_that_is_not_understood() -> None:
    recorder = RabbitRecorder(task_compression="zlib")
    assert await fast(recorder).take(recorder.task("add", 1)) is None
    captured = recorder.capture(recorder.task("add", 1))
    [sample] = AmqpDialect(recorder.broker).samples(captured, recorder.task("add", 1), None)
    with pytest.raises(NotUnderstood, match="compression"):
        AmqpDialect.learn(sample, ArgumentTexts(1024, 1024, 3))
