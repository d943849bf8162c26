from typing import Any

import pytest
from celery import Celery

from orchestrator.client.ids import IdSource
from orchestrator.client.join import Outcome
from orchestrator.client.plain_joins import Ended, GroupJoin, StreamBlock, TaskJoin
from orchestrator.errors import ClientClosed
from orchestrator.records import TaskResult


def success(task_id: str, value: Any) -> TaskResult:
    return TaskResult(task_id, "SUCCESS", value, None, 0)


def failure(task_id: str, state: str = "FAILURE") -> TaskResult:
    return TaskResult(task_id, state, None, ValueError(task_id), 0)


def test_task() -> None:
    join = TaskJoin("a")
    assert (join.leaves, join.parents) == (("a",), ())
    assert join.task_ids == ["a"]
    assert not join.done
    join.deliver(success("a", 1))
    join.deliver(failure("a"))
    assert join.complete
    assert join.value() == 1
    assert join.outcome() == Outcome("a", "SUCCESS", 1, None)


def test_task_that_failed() -> None:
    join = TaskJoin("a")
    join.deliver(failure("a", "REVOKED"))
    outcome = join.outcome()
    assert (outcome.state, str(outcome.error), str(join.value())) == ("REVOKED", "a", "a")


def group(count: int, ignored: tuple[int, ...] = ()) -> GroupJoin:
    return GroupJoin("g", IdSource().take(count), ignored)


def test_group() -> None:
    join = group(4, (3,))
    calls: list[int] = []
    join.on_end(lambda: calls.append(1))
    join.succeed(2, "c")
    join.succeed(0, "a")
    join.succeed(0, "again")
    join.succeed(99, "nobody")
    assert not join.done
    join.deliver_at(1, success(join.ids[1], "b"))
    assert calls == [1]
    assert join.value() == ["a", "b", "c", None]
    assert join.value() is not join.value()
    assert join.outcome() == Outcome("g", "SUCCESS", ["a", "b", "c", None], None)
    assert join.task_ids == list(join.ids)


def test_group_with_failures() -> None:
    join = group(3)
    join.deliver_at(1, failure("one"))
    join.deliver_at(1, success("one", 5))
    assert (join.done, join.complete) == (True, False)
    join.deliver_at(2, failure("two", "REVOKED"))
    join.succeed(0, "a")
    assert [str(value) for value in join.value()] == ["a", "one", "two"]
    assert (join.outcome().state, str(join.outcome().error)) == ("FAILURE", "one")


def test_group_of_which_nothing_comes() -> None:
    assert group(2, (0, 1)).value() == [None, None]


def stream(count: int) -> tuple[StreamBlock, list[tuple[int, Ended]]]:
    seen: list[tuple[int, Ended]] = []
    app = Celery("x", set_as_current=False)
    block = StreamBlock(app, IdSource().take(count), 100, lambda *end: seen.append(end))
    return block, seen


async def test_stream() -> None:
    block, seen = stream(3)
    block.succeed(1, "b")
    block.succeed(1, "again")
    block.deliver_at(2, failure("two"))
    block.deliver_at(0, success("zero", "a"))
    assert block.complete
    assert [index for index, _ in seen] == [101, 102, 100]
    assert all(ended.done() for _, ended in seen)
    (_, one), (_, two), (_, zero) = seen
    assert await one.result() == "b"
    assert one.outcome() == Outcome(block.ids[1], "SUCCESS", "b", None)
    with pytest.raises(ValueError, match="two"):
        await two.result()
    assert (two.outcome().state, two.outcome().id) == ("FAILURE", block.ids[2])
    assert await zero.result() == "a"


async def test_stream_of_a_client_that_was_closed() -> None:
    block, seen = stream(2)
    block.succeed(0, 1)
    block.end(ClientClosed())
    assert block.complete
    [_, (index, ended)] = seen
    assert index == 101
    assert not ended.done()
    with pytest.raises(ClientClosed):
        await ended.result()
