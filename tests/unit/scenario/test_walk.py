from orchestrator.records import Call, Chain, Chord, Group, Mapped, Node, Repeat
from orchestrator.scenario.walk import nodes, task_count, task_names

LINKED = Call("a", options={"link": (Call("l0"), Call("l1")), "link_error": (Call("e"),)})
CANVAS: Node = Chain(
    (
        Group(Repeat(LINKED, 3)),
        Chord(Group((Call("h0"), Mapped("chunks", Call("m"), ([1],) * 5, 2))), Call("b")),
    )
)


def test_every_call_with_its_path() -> None:
    found = {call.task: ".".join(map(str, path)) for path, call in task_names(CANVAS, ("c",))}
    assert found == {
        "a": "c.chain.0.group.each.task",
        "l0": "c.chain.0.group.each.options.link.0.task",
        "l1": "c.chain.0.group.each.options.link.1.task",
        "e": "c.chain.0.group.each.options.link_error.0.task",
        "h0": "c.chain.1.chord.header.0.task",
        "m": "c.chain.1.chord.header.1.chunks.task",
        "b": "c.chain.1.chord.body.task",
    }


def test_nodes_come_with_the_path_of_their_mapping() -> None:
    paths = [path for path, _ in nodes(Group((Call("a"), Chain((Call("b"),)))))]
    assert paths == [(), ("group", 0), ("group", 1), ("group", 1, "chain", 0)]


def test_tasks_are_counted() -> None:
    assert task_count(CANVAS) == 3 + 1 + 3 + 1
    assert task_count(Mapped("map", Call("a"), (1, 2, 3))) == 1
