"""What a test suite may set once for all its laboratories."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, get_args

from orchestrator.errors import UsageError
from orchestrator.records import PoolKind
from orchestrator.scenario.suggestions import did_you_mean


@dataclass(frozen=True, slots=True)
class LabConfig:
    """``pool`` and ``concurrency`` are the workers' where a test names none; ``timeout_s`` how long
    a value is waited for, in seconds; ``settings`` are Celery's, by their lower-case names, and
    ``env`` environment variables, for all workers."""

    pool: PoolKind = "threads"
    concurrency: int = 2
    timeout_s: float = 30.0
    settings: Mapping[str, Any] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)


def lab_config(values: Mapping[str, Any]) -> LabConfig:
    """What the fixture ``celery_lab_config`` gives, checked. Raises `UsageError` for an unknown
    key or kind of pool."""
    known = [each.name for each in fields(LabConfig)]
    for name in values:
        if name not in known:
            hint = did_you_mean(name, known)
            raise UsageError(
                f"celery_lab_config has no {name!r}{hint}; it takes {', '.join(known)}"
            )
    config = LabConfig(**values)
    check_pool(config.pool)
    return config


def check_pool(kind: str) -> None:
    """Raises `UsageError` for what is no kind of pool."""
    kinds = get_args(PoolKind)
    if kind not in kinds:
        raise UsageError(f"there is no pool {kind!r}: take one of {', '.join(kinds)}")
