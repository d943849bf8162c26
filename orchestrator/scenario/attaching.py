"""``--target attach``: the scenario as written, driven against workers that are there already."""

import re
from collections.abc import Mapping
from pathlib import Path

from orchestrator.scenario.checks import private_broker
from orchestrator.scenario.overrides import TARGET, with_value
from orchestrator.scenario.tree import MapTree, Mark, Scalar, Tree

ATTACH = "attach"
PROCFILE = "Procfile"

_URL = re.compile(r"--broker[ =](\S+://\S+)")


def attach(
    root: Tree, environ: Mapping[str, str], procfile: Path = Path(PROCFILE)
) -> tuple[Tree, str]:
    """The tree with `workers: attach` and, where its broker would be a private one, the broker that
    workers are likely to consume from; and where that is from.

    The environment names it (CELERY_BROKER_URL), or the workers of a Procfile, or else the app.
    """
    mark = Mark(TARGET)
    root = with_value(root, ("workers",), Scalar(mark, ATTACH))
    written = _broker(root)
    if written is not None and not private_broker(written):
        return root, ""
    broker, found = _likely(environ, procfile)
    return with_value(root, ("target", "broker"), Scalar(mark, broker)), found


def _likely(environ: Mapping[str, str], procfile: Path) -> tuple[str, str]:
    """The broker, and where this is from."""
    if environ.get("CELERY_BROKER_URL"):
        return "app", "CELERY_BROKER_URL"  # which wins over what the app configures
    if (url := _in_procfile(procfile)) is not None:
        return url, PROCFILE
    return "app", "the app's configuration"


def _in_procfile(path: Path) -> str | None:
    try:
        found = _URL.search(path.read_text())
    except (OSError, UnicodeDecodeError):
        return None
    return None if found is None else found[1]


def _broker(root: Tree) -> str | None:
    """`target.broker`, when it is text."""
    target = root.entries.get("target") if isinstance(root, MapTree) else None
    if target is None or not isinstance(target.value, MapTree):
        return None
    entry = target.value.entries.get("broker")
    value = entry.value.value if entry and isinstance(entry.value, Scalar) else None
    return value if isinstance(value, str) else None
