"""Makes the result object that a captured `apply_async` returned what a stock one would be."""

from collections.abc import Iterator
from functools import partial
from typing import Any
from weakref import ref

from celery.result import ResultSet

from orchestrator.client.result_tree import all_results


def bound_to(backend: Any, result: Any) -> Any:
    """Bind the result, its members and parents to the app's real backend.

    While it was captured it was bound to one that neither stores nor subscribes. Nothing is sent
    here either: a group subscribes to its members when its own `get()` is called, not before.
    """
    for node in all_results(result):
        if isinstance(node, ResultSet):
            node.iter_native = partial(_iter_native, ref(node))
        elif node.backend is not None:
            node.backend = backend
    return result


def _iter_native(group: "ref[ResultSet]", *args: Any, **kwargs: Any) -> Iterator[Any]:
    """What `ResultSet.get` waits with, once the members are subscribed to."""
    node = group()
    assert node is not None
    for member in _leaves(node):
        member.backend.add_pending_result(member, weak=True)
    results: Iterator[Any] = type(node).iter_native(node, *args, **kwargs)
    return results


def _leaves(node: Any) -> Iterator[Any]:
    if isinstance(node, ResultSet):
        for member in node.results:
            yield from _leaves(member)
    else:
        yield node
