import asyncio
from typing import Any

import pytest

from orchestrator.client.join import Join, Outcome
from orchestrator.client.result_tree import ResultTree, Shape
from orchestrator.errors import ClientClosed
from orchestrator.records import TaskResult


def join(shape: Shape, *parents: str) -> Join:
    def leaves(node: Shape) -> set[str]:
        if isinstance(node, tuple):
            return {leaf for member in node for leaf in leaves(member)}
        return {node} if node else set()

    return Join(ResultTree("the-id", shape, frozenset(leaves(shape)), parents))


def success(task_id: str, value: Any = None) -> TaskResult:
    return TaskResult(task_id, "SUCCESS", value, None, 0)


def failure(task_id: str, state: str = "FAILURE") -> TaskResult:
    return TaskResult(task_id, state, None, ValueError(task_id), 0)


def test_value_has_the_canvas_shape() -> None:
    made = join(("a", ("b", "c"), None, "a"))
    for task_id in "cab":
        assert not made.done
        made.deliver(success(task_id, task_id.upper()))
    assert made.complete
    assert made.value() == ["A", ["B", "C"], None, "A"]
    assert made.outcome() == Outcome("the-id", "SUCCESS", ["A", ["B", "C"], None, "A"], None)


def test_nothing_to_wait_for() -> None:
    assert join(()).value() == []
    assert join(None).outcome() == Outcome("the-id", "IGNORED", None, None)


def test_repeated_and_late_results_change_nothing() -> None:
    made = join("a", "p")
    made.deliver(success("a", 1))
    made.deliver(success("a", 2))
    made.deliver(failure("p"))
    assert made.value() == 1
    assert made.failed is None


@pytest.mark.parametrize("state", ["FAILURE", "REVOKED"])
def test_first_failure_counts_also_a_parents(state: str) -> None:
    made = join("a", "p")
    made.deliver(failure("p", state))
    assert made.done
    assert not made.complete
    made.deliver(failure("a"))
    outcome = made.outcome()
    assert (outcome.state, str(outcome.error)) == (state, "p")
    assert str(made.value()) == "a"


async def test_waiting() -> None:
    made = join(("a", "b"))
    assert await made.wait(0.01, propagate=True) is False
    assert await made.wait(-1, propagate=True) is False
    first = asyncio.create_task(made.wait(5, propagate=True))
    whole = asyncio.create_task(made.wait(None, propagate=False))
    await asyncio.sleep(0)
    made.deliver(failure("a"))
    assert await first is True
    assert not whole.done()
    made.deliver(success("b"))
    assert await whole is True
    assert await made.wait(0, propagate=True) is True
    assert made._futures == []


async def test_cancelled_wait_leaves_nothing() -> None:
    made = join("a")
    waiting = asyncio.create_task(made.wait(5, propagate=True))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert made._futures == []
    made.deliver(success("a"))


async def test_end() -> None:
    made = join("a")
    waiting = asyncio.create_task(made.wait(None, propagate=False))
    await asyncio.sleep(0)
    made.end(ClientClosed())
    assert await waiting is True
    assert isinstance(made.ended, ClientClosed)


def test_callback_comes_once() -> None:
    calls: list[int] = []
    made = join(("a", "b"))
    made.on_end(lambda: calls.append(1))
    made.deliver(failure("a"))
    made.deliver(success("b"))
    assert calls == [1]
    made.on_end(lambda: calls.append(2))
    assert calls == [1, 2]
