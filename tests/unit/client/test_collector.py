import asyncio
from typing import Any

import pytest
from celery import chain

from orchestrator.client.collector import BREATH, Collector
from orchestrator.client.kinds import Kinds
from tests.unit.client.recording_app import Recorder

EMBED = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}


def collector(group_id: str | None = "g") -> tuple[Collector, Recorder]:
    recorder = Recorder()
    kinds = Kinds(recorder.app, recorder.capturer)
    assert kinds.usable()
    return Collector(kinds, group_id, EMBED), recorder


async def test_runs_of_alike_tasks() -> None:
    made, recorder = collector()
    add, total = recorder.app.tasks["add"], recorder.app.tasks["total"]
    tasks = [add.s(1), add.s(2, 3), total.s([1]), add.s(1, y=2), add.s("x").set(priority=1)]
    assert await made.take_all(tasks)
    assert [(run.begin, len(run.written)) for run in made.runs] == [(0, 2), (2, 1), (3, 1), (4, 1)]
    assert made.runs[0].written == [b"(1,)", b"(2, 3)"]
    assert (made.count, made.ids) == (5, [])


async def test_ids_that_the_signatures_bring() -> None:
    made, recorder = collector()
    tasks = [recorder.task("add", number, task_id=f"id{number}") for number in range(3)]
    assert await made.take_all(tasks)
    assert made.ids == ["id0", "id1", "id2"]
    assert len(made.runs) == 1


@pytest.mark.parametrize("ids", [("a", "a"), ("a", None)])
async def test_ids_twice_or_only_some(ids: tuple[str | None, ...]) -> None:
    made, recorder = collector()
    tasks = [recorder.task("add", 1, **({"task_id": id} if id else {})) for id in ids]
    assert not await made.take_all(tasks)


@pytest.mark.parametrize("grouped", [True, False])
async def test_what_is_not_plain(grouped: bool) -> None:
    recorder = Recorder()
    add = recorder.app.tasks["add"]
    lacking, with_list = add.s(1), add.s(1)
    del lacking["options"]
    with_list["args"] = [1]
    for bad in (
        dict(add.s(1)),
        chain(add.s(1), add.s(2)),
        add.map([1]),
        add.s(1).set(countdown=1),
        with_list,
        lacking,
    ):
        kinds = Kinds(recorder.app, recorder.capturer)
        made = Collector(kinds, "g" if grouped else None, EMBED)
        assert not await made.take_all([add.s(1), bad])


async def test_wrong_arguments_are_said_at_once() -> None:
    made, recorder = collector()
    with pytest.raises(TypeError):
        await made.take_all([recorder.task("add", 1), recorder.task("add", 1, 2, 3)])
    with pytest.raises(ValueError, match="4300 digits"):
        await made.take_all([recorder.task("add", 10**5000)])


async def test_other_tasks_get_a_turn() -> None:
    made, recorder = collector()
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    running = asyncio.create_task(other())
    signature: Any = recorder.task("add", 1)
    assert await made.take_all(signature for _ in range(3 * BREATH))
    running.cancel()
    assert turns >= 2
