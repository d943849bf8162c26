"""The place of a run's files, made before the run begins, and gone with one that
never began. Importing this costs nothing."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
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


@contextmanager
def with_logs(directory: Path) -> Iterator[None]:
    """The place of the workers' logs in a run's directory. When the block raises and nothing was
    written, there is no directory left that nobody has a use for."""
    logs = directory / "workers"
    logs.mkdir()
    try:
        yield
    except BaseException:
        with suppress(OSError):  # something is in it
            logs.rmdir()
            directory.rmdir()
        raise
