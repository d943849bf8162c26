"""Pages of a generator's members, waited for as one."""

from orchestrator.client.ids import IdSource
from orchestrator.client.produced_join import BodyPart, PagePart, ProducedJoin
from orchestrator.client.result_tree import ResultTree
from orchestrator.errors import ClientClosed
from orchestrator.records import TaskResult

IDS = IdSource()


def page(count: int, *, keeps: bool = True) -> PagePart:
    return PagePart("g", IDS.take(count), frozenset(), keeps=keeps)


def failure(task_id: str) -> TaskResult:
    return TaskResult(task_id, "FAILURE", None, ValueError("no"), 0)


def test_a_group_is_complete_when_all_pages_are_and_no_more_will_come() -> None:
    join = ProducedJoin("g")
    first, second = page(2), page(1)
    ends: list[str] = []
    join.on_end(lambda: ends.append("ended"))
    join.add(first)
    first.succeed(0, "a")
    first.succeed(1, "b")
    assert ends == []
    join.add(second)
    join.seal()
    assert ends == []
    second.succeed(0, "c")
    assert join.complete
    assert ends == ["ended"]
    assert join.value() == ["a", "b", "c"]
    assert join.task_ids == [*first.ids, *second.ids]


async def test_a_failure_of_a_member_is_the_canvas_failure() -> None:
    join = ProducedJoin("g")
    members = page(2)
    join.add(members)
    members.deliver_at(1, failure(members.ids[1]))
    assert await join.wait(0, propagate=True)
    assert not await join.wait(0, propagate=False)
    assert join.outcome().state == "FAILURE"


def test_a_chord_gives_its_body_and_keeps_no_values_of_its_header() -> None:
    body = BodyPart(ResultTree("b", "b", frozenset({"b"}), ()))
    join = ProducedJoin("b", body)
    header = page(1, keeps=False)
    join.add(header)
    join.seal()
    header.succeed(0, "large")
    assert header.values() == [None]
    assert not join.done
    body.deliver(TaskResult("b", "SUCCESS", 42, None, 0))
    assert join.value() == 42


async def test_closing_ends_the_wait() -> None:
    join = ProducedJoin("g")
    members = page(1)
    join.add(members)
    members.end(ClientClosed())
    assert await join.wait(0, propagate=False)
    assert isinstance(join.ended, ClientClosed)
