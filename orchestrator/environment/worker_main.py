"""`celery` as it is, with the target's settings on top and an end when we end.

Run as `python -m orchestrator.environment.worker_main -A app worker ...`. gevent and eventlet must
patch the standard library before anything that they patch is imported, and Celery decides that from
argv: so nothing else is imported at the top of this module, and `main` keeps Celery's own order
(celery/__main__.py).
"""

import json
import os
import signal
import sys
import warnings
from collections.abc import Mapping
from typing import Any

from celery import maybe_patch_concurrency

from orchestrator.environment import variables

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Run a worker with the command line of this process; never returns."""
    end_with_parent(os.environ.get(variables.PARENT))
    brief = variables.BRIEF in os.environ
    if brief:
        warnings.formatwarning = one_line
    maybe_patch_concurrency()
    if brief:
        leave_out_received()
    settings = json.loads(os.environ.get(variables.SETTINGS, "{}"))
    if settings:
        overrule_settings(sys.argv[sys.argv.index("-A") + 1], settings)
    from celery.bin.celery import main as celery_main

    sys.exit(celery_main())


def leave_out_received() -> None:
    """Log each task once, when it ends: that it was received says little, and to write it costs a
    small task more than it costs to run. Call it when the standard library has been patched."""
    import logging

    logging.getLogger("celery.worker.strategy").setLevel(logging.WARNING)


def one_line(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> str:
    """A warning's first paragraph, without the place in the libraries that it comes from."""
    first = str(message).strip().partition("\n\n")[0]
    return f"{category.__name__}: {' '.join(first.split())}\n"


def end_with_parent(parent: str | None) -> None:
    """On Linux: have the kernel kill this process when `parent` (a process id) dies.

    The guardian does the same from outside on every system; this also holds when the guardian
    itself was killed.
    """
    if parent is None or not sys.platform.startswith("linux"):
        return
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(parent):  # it died before the call above
        raise SystemExit("the orchestrator is gone")


def overrule_settings(app_name: str, settings: Mapping[str, Any]) -> None:
    """Load the app with `settings` above its own.

    Twice, because there are two moments in which an app's settings are used before Celery's own
    hook for this (the signal celeryd_init) is sent: a task that is touched while its module is
    imported takes its defaults from the settings as they are then, so they must hold from the
    moment the app reads its configuration; and the command line takes defaults from them once the
    app is loaded, after the app's module may have set something again.
    """
    from celery import Celery
    from celery.app.utils import find_app

    created = Celery.__init__

    def overrule(sender: Any, **_: Any) -> None:
        sender.conf.update(settings)

    def create(app: Any, *args: Any, **kwargs: Any) -> None:
        created(app, *args, **kwargs)
        app.on_after_configure.connect(overrule, weak=False)

    Celery.__init__ = create
    find_app(app_name).conf.update(settings)


if __name__ == "__main__":
    main()
