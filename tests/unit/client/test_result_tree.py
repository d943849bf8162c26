from typing import Any

from celery import chain, chord, group

from orchestrator.client.result_tree import ResultTree, all_results, result_tree
from tests.unit.client.recording_app import Recorder

RECORDER = Recorder()


def add(task_id: str, **options: Any) -> Any:
    return RECORDER.task("add", 1, task_id=task_id, **options)


def tree(signature: Any, ignored: frozenset[str] = frozenset()) -> ResultTree:
    return result_tree(RECORDER.capture(signature).result, ignored)


def test_task() -> None:
    assert tree(add("a")) == ResultTree("a", "a", frozenset("a"), ())


def test_group_keeps_its_shape() -> None:
    made = tree(group(add("a"), chain(add("b"), group(add("c"), add("d")))))
    assert made.shape == ("a", ("c", "d"))
    assert made.leaves == {"a", "c", "d"}
    assert made.parents == ("b",)


def test_chain_has_its_earlier_links_for_parents() -> None:
    made = tree(chain(add("a"), add("b"), add("c")))
    assert (made.id, made.shape, set(made.parents)) == ("c", "c", {"a", "b"})


def test_chord_has_its_header_for_parents() -> None:
    header = [chain(add("a"), add("b")), add("c")]
    made = tree(chord(header, RECORDER.task("total", task_id="t")))
    assert made.shape == "t"
    assert {"b", "c"} <= set(made.parents) <= {"a", "b", "c"}


def test_ignored_tasks_are_not_waited_for() -> None:
    forgettable = RECORDER.task("forgettable", 1)
    assert tree(forgettable).shape is None
    made = tree(group(add("a"), add("b")), frozenset("b"))
    assert made.shape == ("a", None)
    assert made.leaves == {"a"}
    assert tree(chain(add("a"), add("b")), frozenset("a")).parents == ()


def test_empty_group() -> None:
    made = tree(group([]))
    assert (made.shape, made.leaves) == ((), frozenset())


def test_all_results_gives_each_object_once() -> None:
    result = RECORDER.capture(chain(add("a"), group(add("b"), add("c")))).result
    nodes = list(all_results(result))
    assert len({id(node) for node in nodes}) == len(nodes) == 4
