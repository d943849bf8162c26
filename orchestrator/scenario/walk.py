"""Every node of a canvas, with its path in the file."""

from collections.abc import Iterator

from orchestrator.records import Call, Chain, Chord, Group, Mapped, Node, Plan, Repeat
from orchestrator.scenario.tree import Path


def nodes(node: Node, path: Path = ()) -> Iterator[tuple[Path, Node]]:
    """The node itself and every node in it, `link` and `link_error` too, each with the path of its
    mapping.

    The node of a `Repeat` comes once. A node has a path below `path`, for example ("group",
    "each").
    """
    yield path, node
    if isinstance(node, Call):
        for name in ("link", "link_error"):
            for position, linked in enumerate(node.options.get(name, ())):
                yield from nodes(linked, (*path, "options", name, position))
    elif isinstance(node, Group):
        yield from _members(node, (*path, "group"))
    elif isinstance(node, Chord):
        yield from _members(node.header, (*path, "chord", "header"))
        yield from nodes(node.body, (*path, "chord", "body"))
    elif isinstance(node, Chain):
        for position, link in enumerate(node.links):
            yield from nodes(link, (*path, "chain", position))


def _members(group: Group, path: Path) -> Iterator[tuple[Path, Node]]:
    if isinstance(group.members, Repeat):
        yield from nodes(group.members.node, (*path, "each"))
        return
    for position, member in enumerate(group.members):
        yield from nodes(member, (*path, position))


def task_names(node: Node, path: Path = ()) -> Iterator[tuple[Path, Call]]:
    """Every Call in a canvas, also linked and mapped ones, with the path of its `task` key's
    value."""
    for place, found in nodes(node, path):
        if isinstance(found, Call):
            yield (*place, "task"), found
        elif isinstance(found, Mapped):
            yield (*place, found.kind, "task"), found.call


def calls(plan: Plan) -> Iterator[tuple[Path, Call]]:
    """Every Call of a plan with its path, for example
    ("workloads", "sums", "canvas", "group", "each", "task")."""
    for workload in plan.workloads:
        yield from task_names(workload.canvas, ("workloads", workload.name, "canvas"))


def has_chord(node: Node) -> bool:
    """Whether Celery makes a chord of any part of the canvas: one that is written as such, or a
    group with a link after it."""
    return any(
        isinstance(found, Chord) or (isinstance(found, Chain) and any(joined_links(found)))
        for _, found in nodes(node)
    )


def joined_links(chain: Chain) -> Iterator[int]:
    """The positions (from 1 on) of links that wait for the whole group before them, as the body of
    a chord does. A group of one is that one."""
    for position, link in enumerate(chain.links[:-1], start=1):
        if _fans_out(link):
            yield position


def _fans_out(node: Node) -> bool:
    """Whether more than one task ends the node."""
    if isinstance(node, Chain):
        return _fans_out(node.links[-1])
    if isinstance(node, Mapped):
        return task_count(node) > 1
    if not isinstance(node, Group):
        return False
    if isinstance(node.members, Repeat):
        return node.members.count > 1 or _fans_out(node.members.node)
    return len(node.members) > 1 or any(map(_fans_out, node.members))


def task_count(node: Node) -> int:
    """How many tasks one iteration of a canvas publishes, links left out."""
    if isinstance(node, Group):
        if isinstance(node.members, Repeat):
            return node.members.count * task_count(node.members.node)
        return sum(map(task_count, node.members))
    if isinstance(node, Chord):
        return task_count(node.header) + task_count(node.body)
    if isinstance(node, Chain):
        return sum(map(task_count, node.links))
    if isinstance(node, Mapped) and node.size:
        return -(-len(node.items) // node.size)
    return 1
