import os
from pathlib import Path

import pytest

from orchestrator.errors import UsageError
from orchestrator.report.new_directory import make_directory


def test_the_run_directory_is_named_after_scenario_time_and_run(tmp_path: Path) -> None:
    directory = make_directory(tmp_path / "deep" / "runs", "mixed", "a1b2c3")
    assert directory.name.startswith("mixed-20")
    assert directory.name.endswith("Z-a1b2c3")
    assert directory.is_dir()


def test_a_run_directory_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot make the run directory"):
        make_directory(tmp_path / "file", "mixed", str(os.getpid()))
