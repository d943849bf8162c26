"""Acceptance: the real command, its exit code, its files, and what it leaves behind."""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.acceptance.command import Command
from tests.acceptance.shop import make_shop


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    """The command; at the end of the test no process and no file of it may be left."""
    command = Command(tmp_path)
    yield command
    left = command.processes()
    lines = [f"{process.pid} {process.name()}" for process in left]
    for process in left:
        process.kill()
    files = [path.name for path in command.temporary.iterdir()]
    shutil.rmtree(command.temporary)
    assert not lines, f"processes left behind: {lines}"
    assert not files, f"files left behind: {files}"


@pytest.fixture
def write_scenario(tmp_path: Path) -> Callable[[str], Path]:
    """Write a scenario file and give its path."""

    def write(text: str) -> Path:
        path = tmp_path / "scenario.yaml"
        path.write_text(text)
        return path

    return write


@pytest.fixture
def path_without_redis(tmp_path: Path) -> str:
    """A PATH on which no Redis or Valkey server is found, but the rest of the system's tools
    are."""
    directory = tmp_path / "bin"
    directory.mkdir()
    servers = {"redis-server", "valkey-server"}
    for place in os.environ["PATH"].split(os.pathsep):
        for tool in _tools(Path(place)):
            link = directory / tool.name
            if tool.name not in servers and not link.exists():
                link.symlink_to(tool)
    return str(directory)


def _tools(directory: Path) -> Sequence[Path]:
    return sorted(directory.iterdir()) if directory.is_dir() else ()


@pytest.fixture
def shop(
    pytester: pytest.Pytester, command: Command, monkeypatch: pytest.MonkeyPatch
) -> pytest.Pytester:
    """A project with an app and a scenario. Whatever pytest starts there must end with it (see
    `command`)."""
    for name, value in command.environ().items():
        monkeypatch.setenv(name, value)
    for name in ("CELERY_BROKER_URL", "CELERY_RESULT_BACKEND", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)
    return make_shop(pytester)
