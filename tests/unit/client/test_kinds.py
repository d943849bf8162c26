from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from celery import Task, signals
from celery._state import _task_stack

from orchestrator.client import kinds as kinds_module
from orchestrator.client.kinds import Kind, Kinds
from tests.unit.client.recording_app import Recorder, recording_app


def kinds(**settings: Any) -> tuple[Kinds, Recorder]:
    recorder = Recorder(**settings)
    return Kinds(recorder.app, recorder.capturer), recorder


def learned(found: Kinds, signature: Any, *, grouped: bool = True) -> Kind | None:
    assert found.usable()
    return found.of(signature, grouped=grouped)


def test_alike_tasks_are_one_kind_and_others_are_not() -> None:
    made, recorder = kinds()
    one = learned(made, recorder.task("add", 1))
    assert one is not None
    assert learned(made, recorder.task("add", 2)) is one
    assert learned(made, recorder.task("add", 2, task_id="mine")) is one
    others = [
        learned(made, recorder.task("add", 1), grouped=False),
        learned(made, recorder.task("total", 1)),
        learned(made, recorder.task("add", 1, priority=1)),
        learned(made, recorder.task("add", 1, priority=True)),
        learned(made, recorder.task("add", 1, queue="other")),
    ]
    assert None not in others
    assert len({id(kind) for kind in (one, *others)}) == 6
    assert others[-1] is not None
    assert (one.target, others[-1].target) == ("celery", "other")


def test_ignored() -> None:
    made, recorder = kinds()
    assert learned(made, recorder.task("forgettable", 1)).ignored  # type: ignore[union-attr]
    kept = learned(made, recorder.task("forgettable", 1, ignore_result=False))
    assert kept is not None
    assert not kept.ignored


@pytest.mark.parametrize(
    "options",
    [
        {"countdown": 1},
        {"expires": 5},
        {"headers": {"a": 1}},
        {"link": []},
        {"compression": "zlib"},
        {"argsrepr": "***"},
        {"queue": ["unhashable"]},
        {"soft_time_limit": 5, "time_limit": 1},
    ],
)
def test_options_that_are_for_celery(options: dict[str, Any]) -> None:
    made, recorder = kinds()
    assert learned(made, recorder.task("add", 1, **options)) is None or "time_limit" in options


@pytest.mark.parametrize(
    "settings",
    [
        {"task_send_sent_event": True},
        {"task_protocol": 1},
        {"task_compression": "zlib"},
        {"task_routes": lambda *_, **__: None},
    ],
)
def test_settings_that_are_for_celery(settings: dict[str, Any]) -> None:
    made, recorder = kinds(**settings)
    assert learned(made, recorder.task("add", 1)) is None


def test_tasks_of_elsewhere() -> None:
    made, recorder = kinds()
    other = recording_app()
    assert learned(made, other.tasks["add"].s(1)) is None
    signature = recorder.task("add", 1)
    signature._type = other.tasks["add"]
    assert learned(made, signature) is None


def test_task_that_nobody_has_registered_here() -> None:
    made, recorder = kinds()
    kind = learned(made, recorder.app.signature("elsewhere", args=(1,)))
    assert kind is not None
    kind.check((1, 2, 3), {"anything": 1})


def test_arguments_are_checked_once_for_each_number_of_them() -> None:
    made, recorder = kinds()
    kind = learned(made, recorder.task("add", 1))
    assert kind is not None
    kind.check((1, 2), {})
    kind.check((1,), {"y": 2})
    assert kind.lengths == {2}
    for args, kwargs in (((1, 2, 3), {}), ((1,), {"z": 1}), ((), {})):
        with pytest.raises(TypeError):
            kind.check(args, kwargs)


def test_header_of_the_users_own_is_asked_each_time() -> None:
    class Picky(Task):
        @staticmethod
        def __header__(*args: Any) -> None:
            if args == (13,):
                raise TypeError("unlucky")

    def same(x: int) -> int:
        return x

    made, recorder = kinds()
    task = recorder.app.task(same, name="picky", base=Picky, shared=False)
    type(task).__header__ = staticmethod(Picky.__header__)
    kind = learned(made, task.s(1))
    assert kind is not None
    kind.check((1,), {})
    assert kind.lengths == set()
    with pytest.raises(TypeError, match="unlucky"):
        kind.check((13,), {})


def test_changed_settings_are_noticed_at_once() -> None:
    made, recorder = kinds()
    before = learned(made, recorder.task("add", 1))
    recorder.app.conf.task_default_queue = "new"
    after = learned(made, recorder.task("add", 1))
    assert before is not None
    assert after is not None
    assert (before.target, after.target) == ("celery", "new")
    recorder.app.conf.task_always_eager = True
    assert learned(made, recorder.task("add", 1)) is None


def test_everything_is_learned_again_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    made, recorder = kinds()
    one = learned(made, recorder.task("add", 1))
    monkeypatch.setattr(kinds_module, "LEARNED_FOR_S", -1.0)
    assert learned(made, recorder.task("add", 1)) is not one


def test_no_more_are_kept_than_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds_module, "MOST_KINDS", 3)
    made, recorder = kinds()
    for number in range(10):
        learned(made, recorder.task("add", 1, priority=number))
    assert len(made._learned) <= 5


@contextmanager
def receiver(signal: Any) -> Iterator[None]:
    def receive(**_: Any) -> None:
        """Wants to see every task."""

    signal.connect(receive, weak=False)
    try:
        yield
    finally:
        signal.disconnect(receive)


@pytest.mark.parametrize("name", ["before_task_publish", "after_task_publish"])
def test_receivers_want_to_see_every_task(name: str) -> None:
    made, _ = kinds()
    assert made.usable()
    with receiver(getattr(signals, name)):
        assert not made.usable()
    assert made.usable()


def test_inside_a_task() -> None:
    made, recorder = kinds()
    _task_stack.push(recorder.app.tasks["add"])
    try:
        assert not made.usable()
    finally:
        _task_stack.pop()


def test_result_object() -> None:
    made, recorder = kinds()
    kind = learned(made, recorder.task("add", 1))
    assert kind is not None
    assert kind.result("an-id").id == "an-id"
