"""``module:function`` of a scenario (``expect: {call: ...}``, ``aggregate``) -> the function."""

import importlib
from collections.abc import Callable
from typing import Any

from orchestrator.errors import UsageError


def load_function(spec: str) -> Callable[..., Any]:
    """Import ``module:function``. Raises `UsageError` when there is no such function."""
    module_name, _, path = spec.partition(":")
    try:
        target: Any = importlib.import_module(module_name)
    except ImportError as exc:
        raise UsageError(f"cannot import {module_name!r} of {spec!r}: {exc}") from exc
    for name in path.split("."):
        target = getattr(target, name, None)
    if not callable(target):
        raise UsageError(f"{spec!r} is not a function of {module_name!r}")
    return target  # type: ignore[no-any-return]
