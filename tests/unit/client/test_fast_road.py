import json
from types import MappingProxyType
from typing import Any

import pytest
from celery import chain, chord, group
from celery.result import AsyncResult, GroupResult

from orchestrator.client import fast_road
from orchestrator.client.fast_road import FastRoad, Taken
from orchestrator.client.plain_joins import GroupJoin, StreamBlock, TaskJoin
from tests.unit.client.recording_app import Recorder, recording_app


def road(**settings: Any) -> tuple[FastRoad, Recorder]:
    recorder = Recorder(**settings)
    return FastRoad(recorder.app, recorder.capturer, recorder.ids), recorder


def sent(taken: Taken) -> list[Any]:
    assert taken.captured.messages is not None
    return [json.loads(message) for _, made in taken.captured.messages.pushes() for message in made]


async def taken_by(made: FastRoad, signature: Any) -> Taken:
    taken = await made.take(signature)
    assert taken is not None
    return taken


async def test_task() -> None:
    made, recorder = road()
    taken = await taken_by(made, recorder.task("add", 1, 2))
    [message] = sent(taken)
    assert message["headers"]["id"] == taken.join.id
    assert isinstance(taken.join, TaskJoin)
    assert recorder.ids.owns(taken.join.id)
    assert isinstance(taken.result.made(taken.join.id), AsyncResult)
    assert taken.captured.task_ids == [taken.join.id]


async def test_task_with_an_id_of_its_own_and_one_that_leaves_no_result() -> None:
    made, recorder = road()
    taken = await taken_by(made, recorder.task("add", 1, task_id="mine"))
    assert taken.join.id == sent(taken)[0]["headers"]["id"] == "mine"
    ignored = await taken_by(made, recorder.task("forgettable"))
    assert ignored.join.complete
    assert ignored.join.value() is None


async def test_single_tasks_together() -> None:
    made, recorder = road()
    options = ({"task_id": "a"}, {"task_id": "b"}, {"task_id": "c", "queue": "other"})
    tasks = [recorder.task("add", place, **each) for place, each in enumerate(options)]
    taken = made.take_tasks(tasks)
    assert taken is not None
    assert [each.join.id for each in taken] == ["a", "b", "c"]
    assert all(each.captured is taken[0].captured for each in taken)
    [(first, two), (other, one)] = taken[0].captured.messages.pushes()  # type: ignore[union-attr]
    assert (first, len(two), other, len(one)) == ("celery", 2, "other", 1)
    assert [json.loads(message)["headers"]["argsrepr"] for message in [*two, *one]] == [
        "(0,)",
        "(1,)",
        "(2,)",
    ]


@pytest.mark.parametrize(
    "options",
    [
        ({"task_id": "a"}, {}),
        ({}, {"task_id": "a"}),
        ({"task_id": "a"}, {"queue": "other"}),
        ({"task_id": "a"}, {"task_id": "a"}),
        ({}, {"countdown": 5}),
    ],
)
async def test_what_does_not_go_together(options: Any) -> None:
    made, recorder = road()
    assert made.take_tasks([recorder.task("add", 1, **each) for each in options]) is None


async def test_group() -> None:
    made, recorder = road()
    tasks = [recorder.task("add", 1), recorder.task("forgettable"), recorder.task("add", 2)]
    taken = await taken_by(made, group(tasks, app=recorder.app))
    messages = sent(taken)
    assert isinstance(taken.join, GroupJoin)
    assert [message["headers"]["group_index"] for message in messages] == [0, 1, 2]
    assert {message["headers"]["group"] for message in messages} == {taken.join.id}
    assert [message["headers"]["id"] for message in messages] == list(taken.join.ids or ())
    assert len({message["properties"]["delivery_tag"] for message in messages}) == 3
    taken.join.succeed(0, "a")
    taken.join.succeed(2, "c")
    assert taken.join.value() == ["a", None, "c"]
    result = taken.result.made(taken.join.id)
    assert isinstance(result, GroupResult)
    assert [member.id for member in result.results] == list(taken.join.ids or ())


async def test_group_with_ids_of_its_own() -> None:
    made, recorder = road()
    ids = [recorder.ids() for _ in range(3)]
    tasks = [recorder.task("add", 1, task_id=task_id) for task_id in ids]
    taken = await taken_by(made, group(tasks, app=recorder.app))
    assert taken.join.ids is None
    assert taken.join.tree.leaves == set(ids)
    assert await made.take(group([recorder.task("add", 1, task_id="foreign")])) is None


async def test_chord() -> None:
    made, recorder = road()
    body = recorder.task("total")
    canvas = chord([recorder.task("add", number) for number in range(5)], body, app=recorder.app)
    taken = await taken_by(made, canvas)
    messages = sent(taken)
    assert any(5 in command for command in taken.captured.backend)
    ids = [message["headers"]["id"] for message in messages]
    assert taken.join.tree.parents == tuple(ids)
    assert taken.join.tree.leaves == {taken.join.id}
    result = taken.result.made(taken.join.id)
    assert result.id == taken.join.id
    assert [member.id for member in result.parent.results] == ids
    assert {message["headers"]["group"] for message in messages} == {result.parent.id}
    assert "task_id" not in body.options


async def test_block_of_a_stream() -> None:
    made, recorder = road()
    seen: list[Any] = []
    tasks = [recorder.task("add", number) for number in range(3)]
    taken = await made.take_many(tasks, 10, lambda *end: seen.append(end))
    assert taken is not None
    assert isinstance(taken.join, StreamBlock)
    assert [message["headers"]["group"] for message in sent(taken)] == [None] * 3
    taken.join.succeed(2, "c")
    assert seen[0][0] == 12
    for other in (
        [recorder.task("forgettable")],
        [recorder.task("add", 1, task_id=recorder.ids())],
        [tasks[0], group(tasks)],
    ):
        assert await made.take_many(other, 0, lambda *_: None) is None


async def test_what_takes_the_general_road() -> None:
    made, recorder = road()
    add, total = recorder.app.tasks["add"], recorder.app.tasks["total"]
    plain = [add.s(1), add.s(2)]
    foreign = recording_app()
    for canvas in (
        chain(add.s(1), add.s(2)),
        dict(add.s(1)),
        group([]),
        group([*plain, chain(add.s(1), add.s(2))]),
        group([group(plain), add.s(1)]),
        group(plain, app=recorder.app).set(priority=3),
        group(plain, app=foreign),
        chord([*plain, group(plain)], total.s(), app=recorder.app),
        chord(plain, total.s(), app=recorder.app).set(queue="x"),
        chord([add.s(1).set(countdown=1), *plain], total.s(), app=recorder.app),
        chord([], total.s(), app=recorder.app),
        chord(plain, total.s([1], 2, 3).set(link=[object()]), app=recorder.app),
        add.s(1).set(expires=3),
        "no signature",
    ):
        assert await made.take(canvas) is None, canvas


async def test_inside_a_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    made, recorder = road()
    trace = MappingProxyType({"traceparent": "00-1-2-01"})
    for module in (fast_road, "orchestrator.client.kinds", "orchestrator.client.capture"):
        name = module if isinstance(module, str) else module.__name__
        monkeypatch.setattr(f"{name}.trace_headers", lambda: trace)
    assert await made.take(recorder.task("add", 1)) is None
    assert await made.take_many([recorder.task("add", 1)], 0, lambda *_: None) is None
    assert await made.take(group([recorder.task("add", 1)])) is None
    many = group([recorder.task("add", number) for number in range(20)])
    messages = sent(await taken_by(made, many))
    assert {message["headers"]["traceparent"] for message in messages} == {"00-1-2-01"}


async def test_without_result_backend() -> None:
    made, recorder = road(result_backend=None)
    assert await made.take(recorder.task("add", 1)) is not None
