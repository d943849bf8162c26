from typing import Any

import pytest
from celery import chord, group
from celery.result import AsyncResult, GroupResult

from orchestrator.client.fast_road import FastRoad
from orchestrator.client.later_result import LaterResult
from orchestrator.client.stock_result import bound_to
from tests.unit.client.recording_app import Recorder


async def both(recorder: Recorder, canvas: Any) -> tuple[Any, Any]:
    """What the fast road gives later, and what `apply_async` gave on the general road."""
    taken = await FastRoad(recorder.app, recorder.capturer, recorder.ids).take(canvas)
    assert taken is not None
    assert isinstance(taken.result, LaterResult)
    later = taken.result.made(taken.join.id)
    bound_to(recorder.backend, later)
    stock = bound_to(recorder.backend, recorder.capture(canvas).result)
    return later, stock


def alike(one: Any, other: Any) -> bool:
    """But for ids."""
    if type(one) is not type(other) or (one is not None and one.app is not other.app):
        return False
    if isinstance(one, GroupResult):
        return len(one.results) == len(other.results) and all(
            map(alike, one.results, other.results)
        )
    if isinstance(one, AsyncResult):
        ignored = bool(one.ignored) == bool(other.ignored)
        return ignored and one.backend is other.backend and alike(one.parent, other.parent)
    return one is None and other is None


async def test_task() -> None:
    recorder = Recorder()
    for name in ("add", "forgettable"):
        later, stock = await both(recorder, recorder.task(name, 1))
        assert alike(later, stock)


async def test_group() -> None:
    recorder = Recorder()
    tasks = [recorder.task("add", 1), recorder.task("forgettable"), recorder.task("add", 2)]
    later, stock = await both(recorder, group(tasks, app=recorder.app))
    assert alike(later, stock)
    assert later.as_tuple()[0][0] == later.id
    assert not later._on_full.ready


async def test_chord() -> None:
    recorder = Recorder()
    tasks = [recorder.task("add", number) for number in range(4)]
    later, stock = await both(recorder, chord(tasks, recorder.task("total"), app=recorder.app))
    assert alike(later, stock)
    assert len(later.parent.results) == 4


def test_base() -> None:
    with pytest.raises(NotImplementedError):
        LaterResult().made("id")
