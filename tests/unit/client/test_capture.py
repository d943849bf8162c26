import json
import threading
from typing import Any

import celery.canvas
import pytest
from celery import Celery, _state, chord, group, signals, signature
from kombu.exceptions import EncodeError

from orchestrator.client.recording_broker import Routed
from orchestrator.errors import NotSupported
from tests.unit.client.recording_app import Recorder


def ids_in(commands: list[Any]) -> list[str]:
    return [json.loads(command[2])["headers"]["id"] for command in commands]


def test_ids_are_our_own() -> None:
    recorder = Recorder()
    header = [recorder.task("add", i, i) for i in range(3)]
    captured = recorder.capture(chord(header, recorder.task("total")))
    sent = ids_in(captured.commands)
    assert len(set(sent)) == 3
    assert all(recorder.ids.owns(task_id) for task_id in [*sent, captured.result.id])
    assert recorder.ids.owns(captured.result.parent.id)


def test_chosen_id_is_kept() -> None:
    recorder = Recorder()
    captured = recorder.capture(recorder.task("add", 1, task_id="mine"))
    assert ids_in(captured.commands) == [captured.result.id] == ["mine"]


def test_chord_size_is_written() -> None:
    recorder = Recorder()
    header = [recorder.task("add", i, i) for i in range(3)]
    captured = recorder.capture(chord(header, recorder.task("total")))
    group_id = captured.result.parent.id.encode()
    key = b"celery-taskset-meta-" + group_id + b".s"
    [size] = [
        command for command in captured.backend if command[:2] in (("SET", key), ("SETEX", key))
    ]
    assert 3 in size


def test_everything_is_put_back() -> None:
    recorder = Recorder()
    app = recorder.app
    uuid, backend, current = celery.canvas.uuid, app.backend, _state.get_current_app()
    recorder.capture(recorder.task("add", 1))
    assert celery.canvas.uuid is uuid
    assert app.backend is backend
    assert "producer_or_acquire" not in vars(app)
    assert _state.get_current_app() is current


@pytest.mark.parametrize("thread_safe", [False, True])
def test_backend_that_was_never_used_is_not_left_behind(thread_safe: bool) -> None:
    recorder = Recorder(result_backend_thread_safe=thread_safe)
    real = recorder.app.backend
    captured = recorder.capture(recorder.task("add", 1))
    assert captured.result.backend is not real
    assert recorder.app.backend is real
    vars(recorder.app._local).pop("backend", None)
    recorder.app._backend_cache = None
    recorder.capture(recorder.task("add", 1))
    assert type(recorder.app.backend) is type(real)


def test_failure_sends_nothing_and_spoils_nothing() -> None:
    recorder = Recorder()
    bad = group(recorder.task("add", 1), recorder.task("add", object()))
    with pytest.raises(EncodeError):
        recorder.capture(bad)
    assert celery.canvas.uuid.__module__ == "kombu.utils.uuid"
    captured = recorder.capture(recorder.task("add", 1))
    assert len(captured.commands) == 1


def test_signals_fire() -> None:
    recorder = Recorder()
    seen: list[str] = []

    def before(headers: Any = None, **_: Any) -> None:
        headers["mine"] = 1
        seen.append("before")

    def after(**_: Any) -> None:
        seen.append("after")

    signals.before_task_publish.connect(before, weak=False)
    signals.after_task_publish.connect(after, weak=False)
    try:
        captured = recorder.capture(recorder.task("add", 1))
    finally:
        signals.before_task_publish.disconnect(before)
        signals.after_task_publish.disconnect(after)
    assert seen == ["before", "after"]
    [command] = captured.commands
    assert not isinstance(command, Routed)
    assert json.loads(command[2])["headers"]["mine"] == 1


@pytest.mark.parametrize("thread_safe", [False, True])
def test_another_thread_sees_stock_celery_in_the_meantime(thread_safe: bool) -> None:
    recorder = Recorder(result_backend_thread_safe=thread_safe)
    app, real = recorder.app, recorder.app.backend
    seen: dict[str, Any] = {}

    def look() -> None:
        seen["id"] = celery.canvas.uuid()
        seen["backend"] = type(app.backend.__class__)
        seen["is ours"] = "Recording" in app.backend.__class__.__name__
        context = app.producer_or_acquire(None)
        seen["producer"] = type(context).__name__

    def in_the_middle(**_: Any) -> None:
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()

    signals.before_task_publish.connect(in_the_middle, weak=False)
    try:
        recorder.capture(recorder.task("add", 1))
    finally:
        signals.before_task_publish.disconnect(in_the_middle)
    assert not recorder.ids.owns(seen["id"])
    assert seen["is ours"] is False
    assert seen["producer"] == "FallbackContext"
    assert app.backend is real


def test_signature_by_name_belongs_to_the_clients_app() -> None:
    recorder = Recorder()
    assert len(recorder.capture(signature("somewhere.else", args=(1,))).commands) == 1
    assert len(recorder.capture(dict(recorder.task("add", 1))).commands) == 1


def test_what_cannot_be_sent_is_refused() -> None:
    recorder = Recorder()
    other = Celery("other", set_as_current=False)
    with pytest.raises(NotSupported, match="belongs to the app 'other'"):
        recorder.capture(other.signature("x"))
    with pytest.raises(TypeError, match="a Celery signature is needed"):
        recorder.capture("add")


def test_without_a_result_backend() -> None:
    recorder = Recorder(result_backend="disabled://")
    assert len(recorder.capture(recorder.task("add", 1)).commands) == 1
    with pytest.raises(NotImplementedError):
        recorder.capture(chord([recorder.task("add", 1)] * 2, recorder.task("total")))
