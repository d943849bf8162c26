"""What ran where: versions and the machine."""

import os
import platform
from importlib.metadata import version

import psutil

from orchestrator import __version__


def versions() -> dict[str, str]:
    """What ran: our version and those of what we stand on."""
    packages = ("celery", "kombu", "redis", "gevent", "eventlet", "numpy")
    return {
        "orchestrator": __version__,
        "python": platform.python_version(),
        **{package: version(package) for package in packages},
    }


def host() -> dict[str, int]:
    """The machine: processors that we may use, and memory in bytes."""
    usable = getattr(os, "sched_getaffinity", None)
    cpus = len(usable(0)) if usable else os.cpu_count() or 1
    return {"cpus": cpus, "memory_bytes": psutil.virtual_memory().total}
