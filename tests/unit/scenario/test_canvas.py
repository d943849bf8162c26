from typing import Any

from pydantic import TypeAdapter

from orchestrator.records import Call, Chain, Chord, Expect, Group, Mapped, Node, Repeat
from orchestrator.scenario.canvas import canvas_node
from orchestrator.scenario.canvas_models import CanvasNode
from orchestrator.scenario.generators import Index, IntRange


def _node(data: Any) -> Node:
    return canvas_node(TypeAdapter[Any](CanvasNode).validate_python(data))


def test_a_task_node() -> None:
    node = _node(
        {
            "task": "add",
            "args": [{"int": [0, 9]}, [1]],
            "kwargs": {"seed": {"index": 1}},
            "queue": "q",
            "immutable": True,
            "expect": {"approx": 1.5, "rel": 0.1},
        }
    )
    assert node == Call(
        "add",
        (IntRange(0, 9), [1]),
        {"seed": Index(1)},
        "q",
        {},
        True,
        Expect("approx", 1.5, 0.1),
    )


def test_every_kind_of_canvas() -> None:
    add, a = Call("add"), {"task": "add"}
    assert _node({"group": [a, a]}) == Group((add, add))
    assert _node({"group": {"each": a, "count": 3}}) == Group(Repeat(add, 3))
    assert _node({"chord": {"header": [a], "body": a}}) == Chord(Group((add,)), add)
    assert _node({"chain": [a, {"group": [a]}]}) == Chain((add, Group((add,))))
    assert _node({"map": {"task": "add", "items": [1, 2]}}) == Mapped("map", add, (1, 2))
    assert _node({"starmap": {"task": "add", "items": [[1, 2]], "queue": "q"}}) == Mapped(
        "starmap", Call("add", queue="q"), ([1, 2],)
    )
    assert _node({"chunks": {"task": "add", "items": [[1]], "size": 5}}) == Mapped(
        "chunks", add, ([1],), 5
    )


def test_options_are_those_of_apply_async() -> None:
    node = _node(
        {
            "task": "add",
            "options": {
                "countdown": "250ms",
                "expires": "1m",
                "eta": None,
                "priority": 0,
                "retry": False,
                "retry_policy": {"max_retries": None, "interval_start": "0s"},
                "link": {"task": "b", "args": [{"index": 0}]},
                "link_error": [{"task": "c"}, {"task": "d"}],
                "headers": {"x": 1},
            },
        }
    )
    assert isinstance(node, Call)
    assert node.options == {
        "countdown": 0.25,
        "expires": 60.0,
        "priority": 0,
        "retry": False,
        "retry_policy": {"max_retries": None, "interval_start": 0.0},
        "link": (Call("b", (Index(0),)),),
        "link_error": (Call("c"), Call("d")),
        "headers": {"x": 1},
    }


def test_every_kind_of_expectation() -> None:
    kinds = {"value": None, "type": "int", "approx": 1.0, "raises": "E", "call": "a:b"}
    for kind, value in kinds.items():
        node = _node({"task": "add", "expect": {kind: value}})
        assert isinstance(node, Call)
        assert node.expect is not None
        assert (node.expect.kind, node.expect.value) == (kind, value)
