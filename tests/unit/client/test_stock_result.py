from collections.abc import Iterator
from typing import Any

from celery import chain, group
from celery.result import GroupResult

from orchestrator.client.result_tree import all_results
from orchestrator.client.stock_result import bound_to
from tests.unit.client.recording_app import Recorder


class Backend:
    """A real backend, as far as result objects use one."""

    is_async = True
    supports_native_join = True

    def __init__(self) -> None:
        self.pending: list[Any] = []

    def add_pending_result(self, result: Any, weak: bool = False) -> None:
        self.pending.append(result)

    def remove_pending_result(self, result: Any) -> None:
        """Called when a result object is deleted."""

    def iter_native(self, result: Any, **options: Any) -> Iterator[Any]:
        for pending in self.pending:
            pending.on_ready(pending)
        assert result.on_ready.ready
        yield from ((member.id, {"result": 1, "status": "SUCCESS"}) for member in self.pending)


def captured(signature: Any) -> tuple[Any, Backend, Recorder]:
    recorder = Recorder()
    backend = Backend()
    recorder.app._local.backend = backend
    return recorder.capture(signature(recorder.task("add", 1))).result, backend, recorder


def test_every_part_gets_the_real_backend_and_nothing_is_subscribed_to() -> None:
    result, backend, _ = captured(
        lambda add: chain(add, group(add, chain(add, group(add, add)))),
    )
    assert bound_to(backend, result) is result
    plain = [node for node in all_results(result) if not isinstance(node, GroupResult)]
    assert plain
    assert all(node.backend is backend for node in plain)
    assert backend.pending == []


def test_group_subscribes_to_its_members_when_it_is_waited_for() -> None:
    result, backend, _ = captured(lambda add: group(add, add, add))
    bound_to(backend, result)
    assert result.get() == [1, 1, 1]
    assert [member.id for member in backend.pending] == [member.id for member in result.results]


def test_nested_group_subscribes_to_its_leaves() -> None:
    result, backend, _ = captured(lambda add: group(add, chain(add, group(add, add))))
    bound_to(backend, result)
    list(result.iter_native())
    assert backend.pending == [result.results[0], *result.results[1].results]
