import os
import sys
from types import ModuleType

import pytest
from celery import Celery

from orchestrator.celery_app import task_queue
from orchestrator.errors import AppNotLoaded, UsageError
from orchestrator.pytest_plugin.app_name import all_queues, app_and_name, app_name, python_path
from tasks.app import app as tasks_app


def module(name: str, **variables: object) -> ModuleType:
    made = ModuleType(name)
    vars(made).update(variables)
    return made


def modules(*made: ModuleType) -> dict[str, ModuleType]:
    return {each.__name__: each for each in made}


def shop() -> Celery:
    return Celery("shop", set_as_current=False)


def test_the_apps_own_module_comes_before_tests_that_import_it() -> None:
    app = shop()
    held = modules(
        module("test_orders", app=app),
        module("conftest", app=app),
        module("shop.web.views", celery=app),
        module("shop", application=app),
    )
    assert app_name(app, held) == "shop:application"
    del held["shop"]
    assert app_name(app, held) == "shop.web.views:celery"
    del held["shop.web.views"]
    assert app_name(app, held) in ("test_orders:app", "conftest:app")


def test_an_app_that_nobody_can_import_is_refused() -> None:
    app = shop()
    hidden = modules(module("__main__", app=app), module("celery._state", default_app=app))
    for held in ({}, hidden, modules(module("shop", app=shop()))):
        with pytest.raises(UsageError, match="in no module's variable"):
            app_name(app, held)


def test_an_app_or_its_name() -> None:
    assert app_and_name("tasks.app:app") == (tasks_app, "tasks.app:app")
    assert app_and_name(tasks_app) == (tasks_app, "tasks.app:app")
    with pytest.raises(AppNotLoaded):
        app_and_name("no_such_module:app")


def test_the_queues_are_the_apps_and_those_that_its_tasks_go_to() -> None:
    task_queue(tasks_app, "add_module.tasks.add", {"queue": "sent_to_once"})
    assert all_queues(tasks_app) == ("add", "celery", "factorial", "mat_mul")


def test_a_worker_finds_what_this_process_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", ["/suite", "", *sys.path])
    monkeypatch.setenv("PYTHONPATH", f"/given{os.pathsep}/suite")
    entries = python_path().split(os.pathsep)
    assert entries[:2] == ["/suite", os.getcwd()]
    assert entries[-1] == "/given"
    assert os.path.dirname(os.__file__) not in entries
