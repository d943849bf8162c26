import os
import tempfile
from pathlib import Path

import psutil
import pytest

from orchestrator.environment.guardian import open_guardian, private_directory
from orchestrator.errors import EnvironmentNotReady


async def test_its_directory_is_private_and_gone_at_the_end() -> None:
    async with open_guardian() as guardian:
        assert guardian.directory.stat().st_mode & 0o777 == 0o700
        process = psutil.Process(guardian.pid)
        (guardian.directory / "left-over").touch()
    assert not os.path.exists(guardian.directory)  # noqa: ASYNC240
    assert not process.is_running()


async def test_it_is_in_a_session_of_its_own() -> None:
    """So that Ctrl-C in our terminal does not reach it."""
    async with open_guardian() as guardian:
        assert os.getsid(guardian.pid) == guardian.pid


async def test_a_guardian_that_was_killed_is_said() -> None:
    async with open_guardian() as guardian:
        process = psutil.Process(guardian.pid)
        process.kill()
        process.wait(10)
        with pytest.raises(EnvironmentNotReady, match="guardian process of this run was killed"):
            guardian.add(10**7)
        guardian.remove(10**7)  # nothing left to forget
    assert not os.path.exists(guardian.directory)  # noqa: ASYNC240


def test_the_directory_is_short_enough_for_a_socket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("long" * 30)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    directory = private_directory()
    directory.rmdir()
    assert len(str(directory)) < 80
    assert not list(long.iterdir())


def test_no_place_for_the_directory_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(EnvironmentNotReady, match="No private directory"):
        private_directory()
