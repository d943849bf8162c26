"""Whether an app, a task and Celery itself still publish as Celery's own code does.

A template can only stand in for code that it knows. Where the user, a plugin or a tracer has put
code of their own in between, that code must run, for every task: the general road.
"""

from types import FunctionType, ModuleType
from typing import Any

import celery.app.amqp
import celery.app.base
import celery.app.task
import celery.canvas
from celery import Celery
from celery.app.routes import MapRoute, Router

_TASK_METHODS = ("apply_async", "shadow_name", "_get_exec_options", "AsyncResult")
_SIGNATURE_METHODS = ("apply_async", "clone", "freeze", "_merge")
_GROUP_METHODS = ("apply_async", "_prepared", "_apply_tasks", "_freeze_gid")
_CHORD_METHODS = ("apply_async", "run")


def celery_is_untouched() -> bool:
    """True when nobody has replaced Celery's canvas methods (as some tracers do)."""
    canvas = celery.canvas
    return all(
        _all_from(owner, names, canvas)
        for owner, names in (
            (canvas.Signature, _SIGNATURE_METHODS),
            (canvas.group, _GROUP_METHODS),
            (canvas._chord, _CHORD_METHODS),
        )
    )


def app_is_untouched(app: Celery) -> bool:
    """True when the app publishes with Celery's own methods, to queues that arguments have no say
    in."""
    amqp = app.amqp
    router = amqp.router
    return (
        _all_from(type(app), ("send_task",), celery.app.base)
        and "send_task" not in vars(app)
        and _all_from(type(amqp), ("as_task_v2",), celery.app.amqp)
        and _is_from(_function(amqp.create_task_message), celery.app.amqp)
        and _is_from(amqp.send_task_message, celery.app.amqp)
        and type(router) is Router
        and all(type(route) is MapRoute for route in router.routes)
    )


def task_is_untouched(task: Any) -> bool:
    """True when the task's class has Celery's own `apply_async` and what it calls."""
    return (
        _all_from(type(task), _TASK_METHODS, celery.app.task)
        and vars(task).keys().isdisjoint(_TASK_METHODS)
        # Arguments that are models are turned into plain data first (Celery 5.7).
        and getattr(task, "_dump_pydantic_arguments", None) is None
    )


def _all_from(owner: type, names: tuple[str, ...], home: ModuleType) -> bool:
    return all(_is_from(getattr(owner, name, None), home) for name in names)


def _is_from(function: Any, home: ModuleType) -> bool:
    """A wrapper may copy the name and the module of what it wraps, but not where its code is."""
    return type(function) is FunctionType and function.__code__.co_filename == home.__file__


def _function(method: Any) -> Any:
    return getattr(method, "__func__", method)
