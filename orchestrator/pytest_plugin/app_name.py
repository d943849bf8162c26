"""What `celery -A` must be given so that a worker process imports the app that a test holds."""

import os
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from types import ModuleType

from celery import Celery
from celery.local import Proxy

from orchestrator.celery_app import load_app, task_queue
from orchestrator.errors import UsageError

_NOT_THEIRS = ("__main__", "celery")
"""Celery itself keeps the default app in a variable."""


def app_and_name(app: Celery | str) -> tuple[Celery, str]:
    """The app and its name for `-A`, given either. Raises `AppNotLoaded`, or `UsageError` for an
    app that is in no module's variable, where a worker process could find it."""
    if isinstance(app, str):
        return load_app(app), app
    if isinstance(app, Proxy):
        app = app._get_current_object()
    name = app_name(app, sys.modules)
    app.loader.import_default_modules()
    app.finalize()
    return app, name


def app_name(app: Celery, modules: Mapping[str, ModuleType]) -> str:
    """``module:variable``. Of several modules that hold it, one that is no test, and one that the
    app itself is named after, comes first."""
    found = sorted(_places(app, modules), key=lambda place: _rank(app, *place))
    if not found:
        raise UsageError(
            f"the app {app.main!r} is in no module's variable, so no worker process can import it: "
            'put it in one, or give "module:variable"'
        )
    module, variable = found[0]
    return f"{module}:{variable}"


def python_path() -> str:
    """A PYTHONPATH with which another process finds the modules that this one finds."""
    paths = sysconfig.get_paths()
    known = {paths[key] for key in ("stdlib", "platstdlib", "purelib", "platlib")}
    own = [entry or os.getcwd() for entry in sys.path if entry not in known]
    given = os.environ.get("PYTHONPATH")
    return os.pathsep.join(dict.fromkeys([*own, *(given.split(os.pathsep) if given else ())]))


def all_queues(app: Celery) -> tuple[str, ...]:
    """Every queue that the app has, or that one of its tasks goes to."""
    # `app.amqp.queues` has each queue that somebody has ever sent to, too.
    configured = app.amqp.Queues(app.conf.task_queues)
    own = (name for name in app.tasks if not name.startswith("celery."))
    return tuple(sorted({*configured, *(task_queue(app, name, {}) for name in own)}))


def _places(app: Celery, modules: Mapping[str, ModuleType]) -> Iterator[tuple[str, str]]:
    for module_name, module in list(modules.items()):
        if not isinstance(module, ModuleType) or module_name.partition(".")[0] in _NOT_THEIRS:
            continue
        for variable, value in list(vars(module).items()):
            if value is app:
                yield module_name, variable


def _rank(app: Celery, module: str, variable: str) -> tuple[bool, bool, bool, int, str]:
    last = module.rpartition(".")[2]
    is_test = last == "conftest" or last.startswith("test_") or last.endswith("_test")
    return is_test, module != app.main, variable not in ("app", "celery"), module.count("."), module
