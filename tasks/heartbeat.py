"""A file that tells from outside whether a worker lives, for the health check of a container.

``celery inspect ping`` asks the worker itself, but starts a Python with Celery for each question:
on a small machine that takes seconds from the load that is to be measured. Here the worker touches
a file at every heartbeat (every two seconds), which it sends only while it is connected.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from celery import signals

VARIABLE = "WORKER_HEARTBEAT_FILE"
"""The environment variable that names the file; without it there is none."""


class HeartbeatFile:
    """The file is there once the worker consumes, and until it begins to shut down; its age is that
    of the last heartbeat."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def connect(self) -> None:
        """Listen to the signals of the worker that this process becomes, if it becomes one."""
        signals.celeryd_init.connect(self.remove, weak=False)
        signals.worker_ready.connect(self.create, weak=False)
        signals.heartbeat_sent.connect(self.touch, weak=False)
        signals.worker_shutting_down.connect(self.remove, weak=False)

    def create(self, **_: Any) -> None:
        """The worker is ready."""
        self._path.touch()

    def touch(self, **_: Any) -> None:
        """A heartbeat: the first one is sent before the worker consumes, and makes no file."""
        with suppress(FileNotFoundError):
            os.utime(self._path)

    def remove(self, **_: Any) -> None:
        """Also when a worker starts: one that was killed left its file."""
        self._path.unlink(missing_ok=True)


def keep_heartbeat_file() -> None:
    """Do so when ``WORKER_HEARTBEAT_FILE`` is set."""
    if path := os.environ.get(VARIABLE):
        HeartbeatFile(Path(path)).connect()
