import logging
from typing import Any

import pytest

from orchestrator.client.join import Join
from orchestrator.client.result_tree import ResultTree
from orchestrator.client.waiting import Waiting
from orchestrator.errors import ClientClosed
from orchestrator.records import TaskResult


def a_join(*ids: str, parents: tuple[str, ...] = ()) -> Join:
    return Join(ResultTree("canvas", ids, frozenset(ids), parents))


def success(task_id: str) -> TaskResult:
    return TaskResult(task_id, "SUCCESS", 1, None, 0)


def test_ids_are_new_once_and_gone_once() -> None:
    waiting = Waiting(None)
    first, second, third = a_join("a", "b"), a_join("a"), a_join("a")
    assert sorted(waiting.add(first)) == ["a", "b"]
    assert waiting.add(second) == []
    assert waiting.add(third) == []
    assert waiting.discard(third) == []
    assert waiting.discard(third) == []
    assert waiting.discard(first) == ["b"]
    assert waiting.discard(second) == ["a"]
    assert waiting.joins == {}


def test_result_goes_to_all_who_wait() -> None:
    waiting = Waiting(None)
    joins = [a_join("a") for _ in range(3)]
    for join in joins:
        waiting.add(join)
    assert waiting.deliver(success("a")) == ["a"]
    assert all(join.complete for join in joins)
    assert waiting.deliver(success("a")) == ()


def test_parents_are_not_waited_for_once_the_value_is_there() -> None:
    waiting = Waiting(None)
    waiting.add(a_join("last", parents=("first", "second")))
    assert sorted(waiting.deliver(success("last"))) == ["first", "last", "second"]
    assert waiting.joins == {}


def test_end_reaches_everybody() -> None:
    waiting = Waiting(None)
    joins = [a_join("a"), a_join("a"), a_join("b")]
    for join in joins:
        waiting.add(join)
    waiting.end(ClientClosed())
    assert all(isinstance(join.ended, ClientClosed) for join in joins)


def test_report(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[Any] = []
    assert not Waiting(None).reports
    Waiting(None).report(success("a"))
    Waiting(seen.append).report(success("a"))
    assert [result.id for result in seen] == ["a"]

    def fail(result: TaskResult) -> None:
        raise ValueError("mine")

    caplog.set_level(logging.ERROR)
    Waiting(fail).report(success("a"))
    assert "on_result raised for task a" in caplog.text
