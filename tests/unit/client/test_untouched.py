import functools
from typing import Any

import celery.canvas
import pytest
from celery import Celery, Task

from orchestrator.client.untouched import (
    app_is_untouched,
    celery_is_untouched,
    task_is_untouched,
)
from tests.unit.client.recording_app import NOWHERE, recording_app


class Counting(Task):
    def apply_async(self, *args: Any, **kwargs: Any) -> Any:
        return super().apply_async(*args, **kwargs)


class Shadowing(Task):
    def shadow_name(self, args: Any, kwargs: Any, options: Any) -> str:
        return "shady"


class Sending(Celery):
    def send_task(self, *args: Any, **kwargs: Any) -> Any:
        return super().send_task(*args, **kwargs)


def same(x: int) -> int:
    return x


def router(*args: Any, **kwargs: Any) -> Any:
    return None


def test_stock() -> None:
    app = recording_app(task_routes={"add": "q", "tot*": {"queue": "r"}})
    assert celery_is_untouched()
    assert app_is_untouched(app)
    assert all(task_is_untouched(task) for task in app.tasks.values())


@pytest.mark.parametrize("base", [Counting, Shadowing])
def test_task_class_of_the_users(base: Any) -> None:
    app = recording_app()
    assert not task_is_untouched(app.task(same, name="mine", base=base, shared=False))


def test_task_that_was_patched() -> None:
    task = recording_app().tasks["add"]
    task.apply_async = task.apply_async
    assert not task_is_untouched(task)


@pytest.mark.parametrize("routes", [router, [{"add": "q"}, router]])
def test_router_that_may_look_at_arguments(routes: Any) -> None:
    assert not app_is_untouched(recording_app(task_routes=routes))


def test_app_that_sends_in_its_own_way() -> None:
    assert not app_is_untouched(Sending("x", broker=NOWHERE, set_as_current=False))
    app = recording_app()
    app.send_task = app.send_task
    assert not app_is_untouched(app)


def test_old_protocol() -> None:
    app = recording_app()
    app.amqp.as_task_v2 = lambda *args, **kwargs: None
    app.amqp.task_protocols[2] = app.amqp.as_task_v2
    assert not app_is_untouched(app)


def test_wrapped_canvas(monkeypatch: pytest.MonkeyPatch) -> None:
    stock = celery.canvas.Signature.apply_async

    @functools.wraps(stock)
    def traced(*args: Any, **kwargs: Any) -> Any:
        return stock(*args, **kwargs)

    monkeypatch.setattr(celery.canvas.Signature, "apply_async", traced)
    assert not celery_is_untouched()
