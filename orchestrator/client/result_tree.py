"""Which results make up the value of a canvas, and which earlier ones can spoil it."""

from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import Any

from celery.result import ResultSet

Shape = str | None | tuple["Shape", ...]
"""How the value is built: the id of a task, None for a task whose result is ignored, a list of
such."""


@dataclass(frozen=True, slots=True)
class ResultTree:
    """``leaves`` are the ids whose values make up the value; ``parents`` the tasks before them."""

    id: str
    shape: Shape
    leaves: frozenset[str]
    parents: tuple[str, ...]


def result_tree(result: Any, ignored: Container[str] = ()) -> ResultTree:
    """Read Celery's result object (AsyncResult or GroupResult, nested at will)."""
    shape = _shape(result, ignored)
    leaves = frozenset(_leaves(shape))
    parents = [node.id for node in _ancestors(result) if node.id not in leaves]
    return ResultTree(
        id=result.id,
        shape=shape,
        leaves=leaves,
        parents=tuple(dict.fromkeys(id for id in parents if id not in ignored)),
    )


def all_results(result: Any) -> Iterator[Any]:
    """Every result object of the tree: members, parents and itself."""
    seen: set[int] = set()
    stack = [result]
    while stack:
        node = stack.pop()
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        stack.append(node.parent)
        if isinstance(node, ResultSet):
            stack.extend(node.results)


def _shape(result: Any, ignored: Container[str]) -> Shape:
    if isinstance(result, ResultSet):
        return tuple(_shape(member, ignored) for member in result.results)
    return None if result.ignored or result.id in ignored else str(result.id)


def _leaves(shape: Shape) -> Iterator[str]:
    if isinstance(shape, str):
        yield shape
    elif shape is not None:
        for member in shape:
            yield from _leaves(member)


def _ancestors(result: Any) -> Iterator[Any]:
    """The single tasks among the parents, the parents' members, and theirs."""
    return (node for node in all_results(result) if not isinstance(node, ResultSet))
