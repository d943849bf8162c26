"""The place of a run's files, made before the run begins. Importing this costs nothing."""

from datetime import UTC, datetime
from pathlib import Path

from orchestrator.errors import UsageError


def make_directory(out: Path, name: str, identity: str) -> Path:
    """``out/<name>-<UTC time>-<identity>``, new. Raises `UsageError` when it cannot be made."""
    directory = out / f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{identity}"
    try:
        directory.mkdir(parents=True)
    except OSError as exc:
        raise UsageError(
            f"cannot make the run directory {directory}: {exc.strerror}; see --out"
        ) from exc
    return directory
