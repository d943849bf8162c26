"""Load and check the user's Celery app, and read from it what the other stages need to know.

An app is named as for `celery -A`. Whatever is wrong with it comes out as one line that names the
user's own file and line, never as a traceback.
"""

import difflib
import os
import sys
import sysconfig
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from celery import Celery
from celery.app.defaults import _TO_NEW_KEY, SETTING_KEYS
from celery.app.utils import find_app
from celery.exceptions import QueueNotFound
from celery.local import Proxy

from orchestrator.errors import AppNotLoaded, UsageError

DEFAULT_BROKER_URL = "amqp://guest@localhost//"
"""Where Celery goes when nothing is configured."""

DISABLED_RESULTS_URL = "disabled://"
"""The result backend that keeps nothing; as an environment variable it wins over the app's."""

_VARIABLES = (
    "CELERY_BROKER_URL",
    "CELERY_BROKER_READ_URL",
    "CELERY_BROKER_WRITE_URL",
    "CELERY_RESULT_BACKEND",
)
_BUILT_IN = "celery."
_TAUGHT_BY_SPEC = "`app` takes what `celery -A` takes, for example tasks.app:app"
_LISTED = 12


def load_app(spec: str) -> Celery:
    """The app of `celery -A spec`: ``module:attr``, ``module.attr``, ``module`` or ``package``.

    The current directory is put on `sys.path`, as the celery command does. The modules that the
    app includes or discovers are imported too, so that `app.tasks` is complete, and the app is
    finalized. Raises `AppNotLoaded`.
    """
    if not spec.strip(" .:"):
        raise AppNotLoaded(f"the app's name is empty; {_TAUGHT_BY_SPEC}")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        app = find_app(spec)
    except (Exception, SystemExit) as exc:  # the user's module may do anything while it is imported
        raise AppNotLoaded(_why_not(spec, exc)) from exc
    if isinstance(app, Proxy):
        app = app._get_current_object()
    if not isinstance(app, Celery):
        raise AppNotLoaded(_not_an_app(spec, app))
    try:
        app.loader.import_default_modules()
        app.finalize()
    except (Exception, SystemExit) as exc:  # as above: these are the user's task modules
        raise AppNotLoaded(f"app {spec!r}: {_described(exc)}") from exc
    return app


def apply_target(
    app: Celery, *, broker_url: str, results_url: str | None, settings: Mapping[str, Any]
) -> None:
    """Make this process's app use the target, whatever it configured itself.

    ``results_url`` None turns results off. ``settings`` has Celery's lower-case names. Also sets
    `CELERY_BROKER_URL` and `CELERY_RESULT_BACKEND` in the environment, which win over any
    configuration (celery/app/utils.py), and drops what the app has made from the old settings. A
    setting that is a task's default reaches the tasks that had the old default; what a task was
    given itself stays, as in Celery. Raises `UsageError` for an unknown setting, before anything is
    changed.
    """
    _check_settings(settings)
    before = {name: app.conf.get(name) for name in settings}
    results = results_url or DISABLED_RESULTS_URL
    for variable in ("CELERY_BROKER_READ_URL", "CELERY_BROKER_WRITE_URL"):
        os.environ.pop(variable, None)
    os.environ["CELERY_BROKER_URL"] = broker_url
    os.environ["CELERY_RESULT_BACKEND"] = results
    app.backend_cls = None
    values = {
        **settings,
        "broker_url": broker_url,
        "broker_read_url": None,
        "broker_write_url": None,
        "result_backend": results,
    }
    configure(app, values)
    _drop_made(app)
    _update_tasks(app, before)


def configure(app: Celery, values: Mapping[str, Any]) -> None:
    """Set what must win: under the namespace of the app too, where Celery 5.6 looks first. What has
    been made from the old settings already stays."""
    app.conf.get("broker_url")  # loads what is still to be loaded
    prefix: str = app.conf.prefix or ""
    spelled = str.upper if prefix.isupper() else str.lower
    prefixed = {spelled(f"{prefix}{name}"): value for name, value in values.items()}
    app.conf.update({**values, **prefixed})


@contextmanager
def configured(app: Celery, values: Mapping[str, Any]) -> Iterator[None]:
    """`configure` for as long as the body lasts."""
    app.conf.get("broker_url")  # loads what is still to be loaded
    changes = dict(app.conf.changes)
    try:
        configure(app, values)
        yield
    finally:
        app.conf.changes.clear()
        app.conf.changes.update(changes)


@contextmanager
def target_applied(
    app: Celery, *, broker_url: str, results_url: str | None, settings: Mapping[str, Any]
) -> Iterator[None]:
    """`apply_target` for as long as the body lasts: the next run of this process finds the app and
    the environment as this one did."""
    app.conf.get("broker_url")  # loads what is still to be loaded
    changes, backend_cls = dict(app.conf.changes), app.backend_cls
    variables = {name: os.environ.get(name) for name in _VARIABLES}
    try:
        apply_target(app, broker_url=broker_url, results_url=results_url, settings=settings)
        yield
    finally:
        applied = {name: app.conf.get(name) for name in settings}
        app.conf.changes.clear()
        app.conf.changes.update(changes)
        app.backend_cls = backend_cls
        for name, value in variables.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        _drop_made(app)
        _update_tasks(app, applied)


def resolve_task(app: Celery, name: str) -> str:
    """The full name of a task, given that name or what stands after a dot of one name only.

    Celery's own `celery.*` tasks are only found by their full names. Raises `UsageError` that lists
    the candidates or the nearest names.
    """
    if name in app.tasks:
        return name
    known: list[str] = sorted(task for task in app.tasks if not task.startswith(_BUILT_IN))
    found = [task for task in known if task.endswith(f".{name}")]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"task {name!r} is ambiguous: it may be {', '.join(found)}")
    if not known:
        raise UsageError(f"task {name!r} is not registered: the app has no tasks")
    raise UsageError(f"task {name!r} is not registered{_nearest_task(name, known)}")


def task_queue(app: Celery, task_name: str, options: Mapping[str, Any]) -> str:
    """The queue that the app's routes give the task (its routing key, when a route names no queue).

    ``options`` are those of the call (`queue`, `routing_key`, `exchange`, ...). Raises `UsageError`
    for a queue that is not configured while `task_create_missing_queues` is off.
    """
    task = app.tasks.get(task_name)
    own = dict(task._get_exec_options()) if task is not None else {}
    try:
        route = app.amqp.router.route({**own, **options}, task_name, (), {}, task)
    except QueueNotFound as exc:
        raise UsageError(f"task {task_name!r}: {_one_line(exc.args[0])}") from exc
    queue = route.get("queue")
    if queue is not None:
        return str(getattr(queue, "name", queue))
    return str(route.get("routing_key") or app.conf.task_default_queue)


def app_urls(app: Celery) -> tuple[str, str | None]:
    """The broker and the result backend that the app is configured for (with their passwords)."""
    broker = app.conf.broker_write_url or DEFAULT_BROKER_URL
    if not isinstance(broker, str):
        broker = broker[0]
    return broker, app.conf.result_backend or None


# ---- what is wrong with the user's app ----------------------------------------------------------


def _why_not(spec: str, exc: BaseException) -> str:
    for cause in _causes(exc):
        if _place(cause) is not None or isinstance(cause, SyntaxError | SystemExit):
            return f"app {spec!r}: {_described(cause)}"
    if (missing := _missing_module(spec, exc)) is not None:
        return (
            f"app {spec!r}: there is no module {missing!r} (looked in {os.getcwd()} and on "
            f"sys.path); {_TAUGHT_BY_SPEC}"
        )
    root = next(_causes(exc))
    if isinstance(root, AttributeError):
        return f"app {spec!r}: {_one_line(root)}{_apps_in(spec)}"
    return f"app {spec!r}: {_described(exc)}"


def _missing_module(spec: str, exc: BaseException) -> str | None:
    """The part of the spec that is no module, when that is all that is wrong."""
    module = spec.partition(":")[0]
    for cause in _causes(exc):
        if not isinstance(cause, ModuleNotFoundError):
            return None
        name = cause.name or ""
        if module == name or module.startswith(f"{name}."):
            return name
    return None


def _causes(exc: BaseException) -> Iterator[BaseException]:
    """What happened first comes first: `find_app` tries on after an error, and hides it so."""
    chain = [exc]
    while (earlier := chain[-1].__cause__ or chain[-1].__context__) is not None:
        chain.append(earlier)
    return reversed(chain)


def _described(exc: BaseException) -> str:
    if isinstance(exc, SystemExit):
        text = f"it called sys.exit({exc.code!r}) while it was imported"
    else:
        text = f"{type(exc).__name__}: {_one_line(exc)}"
    place = _place(exc)
    return f"{place}: {text}" if place else text


def _place(exc: BaseException) -> str | None:
    """file:line of the user's own code where it happened."""
    if isinstance(exc, SyntaxError) and exc.filename:
        return f"{_shown(exc.filename)}:{exc.lineno}"
    for frame in reversed(traceback.extract_tb(exc.__traceback__)):
        if _is_users(frame.filename):
            return f"{_shown(frame.filename)}:{frame.lineno}"
    return None


def _is_users(filename: str) -> bool:
    if filename.startswith("<") or filename == __file__:
        return False
    paths = sysconfig.get_paths()
    library = {paths[key] for key in ("stdlib", "platstdlib", "purelib", "platlib")}
    return not any(Path(filename).is_relative_to(directory) for directory in library)


def _shown(filename: str) -> str:
    path = Path(filename)
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else filename


def _one_line(what: Any) -> str:
    return " ".join(str(what).split())


def _not_an_app(spec: str, found: Any) -> str:
    what = "a module" if isinstance(found, ModuleType) else f"a {type(found).__name__}"
    return f"app {spec!r} is {what}, not a Celery app{_apps_in(spec)}"


def _apps_in(spec: str) -> str:
    """A hint: the apps that the module does have."""
    module_name = spec.partition(":")[0]
    module = sys.modules.get(module_name) or sys.modules.get(module_name.rpartition(".")[0])
    if module is None:
        return f"; {_TAUGHT_BY_SPEC}"
    apps = [name for name, value in vars(module).items() if isinstance(value, Celery)]
    if not apps:
        return f"; module {module.__name__!r} holds no Celery app"
    return f"; did you mean {' or '.join(f'{module.__name__}:{name}' for name in apps)}?"


# ---- tasks and settings -------------------------------------------------------------------------


def _nearest_task(name: str, known: Iterable[str]) -> str:
    by_word = {word: task for task in known for word in (task.rpartition(".")[2], task)}
    near = difflib.get_close_matches(name, list(by_word), n=3, cutoff=0.6)
    if near:
        return f" (did you mean {' or '.join(dict.fromkeys(by_word[word] for word in near))}?)"
    names = sorted(set(by_word.values()))
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"; the app has {', '.join(names[:_LISTED])}{more}"


def _check_settings(settings: Mapping[str, Any]) -> None:
    wrong = [name for name in settings if name not in SETTING_KEYS]
    if wrong:
        raise UsageError("\n".join(_unknown_setting(name) for name in wrong))


def _unknown_setting(name: str) -> str:
    if (new_name := _TO_NEW_KEY.get(name) or _TO_NEW_KEY.get(name.upper())) is not None:
        return f"Celery setting {name!r} is written {new_name!r} today"
    near = difflib.get_close_matches(name.lower(), SETTING_KEYS, n=1, cutoff=0.6)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    return f"there is no Celery setting {name!r}{hint}"


def _drop_made(app: Celery) -> None:
    """Forget connections, pools, routes and backends: they are made anew from the new settings."""
    app._pool = None
    app._backend_cache = None
    vars(app._local).pop("backend", None)
    for made in ("amqp", "control", "events"):
        vars(app).pop(made, None)


def _update_tasks(app: Celery, before: Mapping[str, Any]) -> None:
    """`Task.bind` has copied some settings into the tasks."""
    for task in app.tasks.values():
        for attribute, setting in type(task).from_config:
            if setting in before and getattr(task, attribute) == before[setting]:
                setattr(type(task), attribute, app.conf[setting])
        type(task)._exec_options = None
