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
        self.pending: list[str] = []

    def add_pending_result(self, result: Any, weak: bool = False) -> None:
        self.pending.append(result.id)

    def remove_pending_result(self, result: Any) -> None:
        """Called when a result object is deleted."""


def test_every_part_gets_the_real_backend_and_nothing_is_subscribed_to() -> None:
    recorder = Recorder()
    add = recorder.task("add", 1)
    result = recorder.capture(chain(add, group(add, chain(add, group(add, add))))).result
    backend = Backend()
    assert bound_to(backend, result) is result
    plain = [node for node in all_results(result) if not isinstance(node, GroupResult)]
    assert plain
    assert all(node.backend is backend for node in plain)
    assert backend.pending == []


def test_group_subscribes_to_its_members_when_it_is_waited_for() -> None:
    recorder = Recorder()
    add = recorder.task("add", 1)
    result = recorder.capture(group(add, chain(add, group(add, add)))).result
    backend = Backend()
    bound_to(backend, result)
    result._on_full.finalize()
    leaves = [result.results[0], *result.results[1].results]
    assert backend.pending == [leaf.id for leaf in leaves]
    result._on_full.finalize()
    assert len(backend.pending) == 3
    recorder.app._local.backend = backend
    for leaf in leaves[:-1]:
        leaf.on_ready(leaf)
    assert not result.on_ready.ready
    leaves[-1].on_ready(leaves[-1])
    assert result.on_ready.ready


def test_empty_group_is_ready_at_once() -> None:
    recorder = Recorder()
    recorder.app._local.backend = Backend()
    result = bound_to(Backend(), recorder.app.GroupResult("id", []))
    result._on_full.finalize()
    assert result.on_ready.ready
