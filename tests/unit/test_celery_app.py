import os
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from celery import Celery, _state
from celery.backends.base import DisabledBackend
from celery.backends.redis import RedisBackend

from orchestrator.celery_app import (
    app_urls,
    apply_target,
    load_app,
    resolve_task,
    target_applied,
    task_queue,
)
from orchestrator.errors import AppNotLoaded, UsageError

_NUMBERS = count()


@pytest.fixture(autouse=True)
def kept_globals(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CELERY_BROKER_URL", "CELERY_RESULT_BACKEND"):
        monkeypatch.setenv(name, "")  # so that it is put back afterwards
        monkeypatch.delenv(name)
    # Celery gives the tasks of every app to every app that is finalized later.
    monkeypatch.setattr(_state, "_on_app_finalizers", set(_state._on_app_finalizers))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator["Project"]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    before = set(sys.modules)
    yield Project(tmp_path)
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) and str(tmp_path) in str(
            sys.modules[name].__file__
        ):
            del sys.modules[name]


class Project:
    """A directory with modules of its own, under names that no other test has."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def module(self, text: str) -> str:
        name = f"project_{os.getpid()}_{next(_NUMBERS)}"
        (self.directory / f"{name}.py").write_text(text)
        return name

    def package(self, **files: str) -> str:
        name = f"package_{os.getpid()}_{next(_NUMBERS)}"
        (self.directory / name).mkdir()
        (self.directory / name / "__init__.py").write_text("")
        for file, text in files.items():
            (self.directory / name / f"{file}.py").write_text(text)
        return name


APP = """
from celery import Celery
app = Celery("mine", set_as_current=False)
other = Celery("other", set_as_current=False)
number = 7

@app.task
def add(x, y):
    return x + y
"""


def nothing() -> None:
    """A task's body."""


def an_app() -> Celery:
    app = Celery("mine", set_as_current=False)
    for name in ("one.add", "two.add", "one.mul", "deep.er.sub"):
        app.task(nothing, name=name, shared=False)
    app.finalize()
    return app


# ---- load_app ------------------------------------------------------------------------------------


def test_module_and_attribute(project: Project) -> None:
    name = project.module(APP)
    assert load_app(f"{name}:other").main == "other"
    assert load_app(f"{name}.app").main == "mine"


def test_module_alone_has_its_app_found(project: Project) -> None:
    app = load_app(project.module(APP))
    assert app.main == "mine"
    assert app.finalized


def test_package_with_a_celery_module(project: Project) -> None:
    name = project.package(celery=APP)
    assert load_app(name).main == "mine"


def test_included_modules_are_imported(project: Project) -> None:
    tasks = project.module("from celery import shared_task\n@shared_task\ndef far(): pass\n")
    name = project.module(
        "from celery import Celery\n"
        f"app = Celery('mine', include=['{tasks}'], set_as_current=False)"
    )
    assert f"{tasks}.far" in load_app(name).tasks


def test_missing_module(project: Project) -> None:
    with pytest.raises(AppNotLoaded, match=r"there is no module 'nowhere' .*tasks\.app:app"):
        load_app("nowhere:app")


def test_missing_module_of_a_package(project: Project) -> None:
    name = project.package(celery=APP)
    with pytest.raises(AppNotLoaded, match=r"no attribute|no module"):
        load_app(f"{name}.nothing")


def test_wrong_attribute_names_the_apps_that_are_there(project: Project) -> None:
    name = project.module(APP)
    with pytest.raises(AppNotLoaded, match=rf"no attribute 'apq'.*did you mean {name}:app or"):
        load_app(f"{name}:apq")


def test_what_is_not_an_app(project: Project) -> None:
    name = project.module(APP)
    with pytest.raises(AppNotLoaded, match=rf"is a int, not a Celery app; did you mean {name}:app"):
        load_app(f"{name}:number")


def test_module_without_an_app(project: Project) -> None:
    name = project.module("number = 7")
    with pytest.raises(AppNotLoaded, match=f"app '{name}'"):
        load_app(name)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("import not_there_at_all", "ModuleNotFoundError: No module named 'not_there_at_all'"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("import os; os.nothing", "AttributeError: module 'os' has no attribute 'nothing'"),
        ("import sys; sys.exit(3)", r"it called sys.exit\(3\) while it was imported"),
        ("def broken(:", "SyntaxError: "),
        ("raise ValueError('two\\nlines')", "ValueError: two lines"),
    ],
)
def test_error_in_the_users_module_names_its_line(
    project: Project, line: str, message: str
) -> None:
    name = project.module(f"from celery import Celery\n{line}\napp = Celery()\n")
    with pytest.raises(AppNotLoaded, match=rf"app '{name}:app': {name}\.py:2: {message}") as error:
        load_app(f"{name}:app")
    assert "\n" not in str(error.value)


def test_error_in_an_included_module(project: Project) -> None:
    tasks = project.module("\n\nraise RuntimeError('bad tasks')")
    name = project.module(f"from celery import Celery\napp = Celery(include=['{tasks}'])")
    with pytest.raises(AppNotLoaded, match=rf"{tasks}\.py:3: RuntimeError: bad tasks"):
        load_app(name)


def test_empty_name() -> None:
    with pytest.raises(AppNotLoaded, match="empty"):
        load_app(" ")


# ---- resolve_task --------------------------------------------------------------------------------


def test_full_name_and_unique_ending() -> None:
    app = an_app()
    assert resolve_task(app, "one.add") == "one.add"
    assert resolve_task(app, "mul") == "one.mul"
    assert resolve_task(app, "er.sub") == "deep.er.sub"
    assert resolve_task(app, "celery.map") == "celery.map"


def test_ambiguous_name_lists_the_candidates() -> None:
    with pytest.raises(UsageError, match=r"ambiguous: it may be one\.add, two\.add"):
        resolve_task(an_app(), "add")


def test_unknown_name_suggests() -> None:
    with pytest.raises(UsageError, match=r"did you mean one\.mul\?"):
        resolve_task(an_app(), "mull")
    with pytest.raises(UsageError, match=r"the app has deep\.er\.sub, one\.add"):
        resolve_task(an_app(), "zzzzzz")


def test_built_in_tasks_are_not_found_by_their_ending() -> None:
    with pytest.raises(UsageError, match="not registered"):
        resolve_task(an_app(), "chord_unlock")


# ---- task_queue ----------------------------------------------------------------------------------


def test_routes_options_and_defaults_give_the_queue() -> None:
    app = an_app()
    app.conf.task_routes = {"one.*": {"queue": "ones"}}
    app.conf.task_default_queue = "everything"
    assert task_queue(app, "one.add", {}) == "ones"
    assert task_queue(app, "two.add", {}) == "everything"
    assert task_queue(app, "two.add", {"queue": "mine"}) == "mine"
    assert task_queue(app, "not.registered", {}) == "everything"


def test_the_key_counts_when_a_route_names_no_queue() -> None:
    options = {"exchange": "news", "routing_key": "news.sport", "queue": None}
    assert task_queue(an_app(), "one.add", options) == "celery"


def test_missing_queue_is_an_error_when_none_may_be_made() -> None:
    app = an_app()
    app.conf.task_create_missing_queues = False
    with pytest.raises(UsageError, match="'nowhere'"):
        task_queue(app, "one.add", {"queue": "nowhere"})


# ---- apply_target and app_urls -------------------------------------------------------------------


def test_target_wins_over_what_the_app_has_made_already() -> None:
    app = Celery("mine", broker="redis://old/0", backend="redis://old/1", set_as_current=False)
    app.task(nothing, name="t", shared=False)
    assert isinstance(app.backend, RedisBackend)
    assert app.amqp.default_queue.name == "celery"
    apply_target(
        app,
        broker_url="redis://new/0",
        results_url="redis://new/1",
        settings={"task_default_queue": "fresh", "task_ignore_result": True},
    )
    assert app.connection_for_write().hostname == "new"
    assert app.backend.connparams["host"] == "new"
    assert app.amqp.default_queue.name == "fresh"
    assert app.tasks["t"].ignore_result is True
    assert os.environ["CELERY_BROKER_URL"] == "redis://new/0"
    assert app_urls(app) == ("redis://new/0", "redis://new/1")


def test_target_wins_over_read_and_write_urls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELERY_BROKER_WRITE_URL", "redis://elsewhere/0")
    app = Celery("mine", set_as_current=False)
    app.conf.broker_read_url = "redis://old/0"
    apply_target(app, broker_url="redis://new/0", results_url=None, settings={})
    assert app.conf.broker_read_url == app.conf.broker_write_url == "redis://new/0"


def test_no_results() -> None:
    app = Celery("mine", backend="redis://old/1", set_as_current=False)
    apply_target(app, broker_url="redis://new/0", results_url=None, settings={})
    assert isinstance(app.backend, DisabledBackend)


def test_settings_reach_an_app_with_a_namespace(project: Project) -> None:
    name = project.module(
        "CELERY_BROKER_URL = 'redis://old/0'\nCELERY_TASK_DEFAULT_QUEUE = 'old'\n"
        "CELERY_TASK_ACKS_LATE = False\n"
    )
    sys.path.insert(0, str(project.directory))
    app = Celery("mine", set_as_current=False)
    app.config_from_object(name, namespace="CELERY")
    apply_target(
        app,
        broker_url="redis://new/0",
        results_url=None,
        settings={"task_default_queue": "fresh", "task_acks_late": True},
    )
    assert app.conf.task_default_queue == "fresh"
    assert app.conf.task_acks_late is True


def test_a_tasks_own_option_stays() -> None:
    app = Celery("mine", set_as_current=False)
    app.task(nothing, name="t", ignore_result=True, shared=False)
    app.finalize()
    apply_target(
        app, broker_url="redis://new/0", results_url=None, settings={"task_acks_late": True}
    )
    assert app.tasks["t"].ignore_result is True
    assert app.tasks["t"].acks_late is True


def test_unknown_settings_are_all_named_and_nothing_is_changed() -> None:
    app = Celery("mine", broker="redis://old/0", set_as_current=False)
    with pytest.raises(UsageError) as error:
        apply_target(
            app,
            broker_url="redis://new/0",
            results_url=None,
            settings={"task_ack_late": True, "CELERYD_CONCURRENCY": 2},
        )
    assert "did you mean 'task_acks_late'?" in str(error.value)
    assert "'worker_concurrency' today" in str(error.value)
    assert app.conf.broker_url == "redis://old/0"


def test_urls_of_an_app_that_configures_nothing() -> None:
    assert app_urls(Celery("mine", set_as_current=False)) == ("amqp://guest@localhost//", None)


def test_a_target_is_applied_for_as_long_as_it_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELERY_BROKER_WRITE_URL", "redis://elsewhere/0")
    monkeypatch.delenv("CELERY_BROKER_URL", raising=False)
    app = Celery("mine", broker="redis://old/0", backend="redis://old/1", set_as_current=False)
    app.task(nothing, name="t", shared=False)
    settings = {"task_acks_late": True, "task_default_queue": "fresh"}
    with target_applied(app, broker_url="redis://new/0", results_url=None, settings=settings):
        inside = app.tasks["t"].acks_late, os.environ["CELERY_BROKER_URL"]
    assert inside == (True, "redis://new/0")
    assert app.tasks["t"].acks_late is False
    assert app.amqp.default_queue.name == "celery"
    assert app.conf.broker_url == "redis://old/0"
    assert isinstance(app.backend, RedisBackend)
    assert "CELERY_BROKER_URL" not in os.environ
    assert os.environ["CELERY_BROKER_WRITE_URL"] == "redis://elsewhere/0"
