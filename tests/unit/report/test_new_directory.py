import os
from pathlib import Path

import pytest

from orchestrator.errors import UsageError
from orchestrator.report.new_directory import make_directory, with_logs


def test_the_run_directory_is_named_after_scenario_time_and_run(tmp_path: Path) -> None:
    directory = make_directory(tmp_path / "deep" / "runs", "mixed", "a1b2c3")
    assert directory.name.startswith("mixed-20")
    assert directory.name.endswith("Z-a1b2c3")
    assert directory.is_dir()


def test_a_run_directory_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot make the run directory"):
        make_directory(tmp_path / "file", "mixed", str(os.getpid()))


def test_a_run_that_never_began_leaves_no_directory(tmp_path: Path) -> None:
    directory = make_directory(tmp_path, "mixed", "a1b2c3")
    with pytest.raises(UsageError, match="no broker"), with_logs(directory):
        assert (directory / "workers").is_dir()
        raise UsageError("no broker")
    assert not directory.exists()


@pytest.mark.parametrize("file", ["workers/add.log", "summary.json"])
def test_what_was_written_is_kept(tmp_path: Path, file: str) -> None:
    directory = make_directory(tmp_path, "mixed", "a1b2c3")
    with pytest.raises(UsageError, match="did not start"), with_logs(directory):
        (directory / file).write_text("why")
        raise UsageError("did not start")
    assert (directory / file).read_text() == "why"
