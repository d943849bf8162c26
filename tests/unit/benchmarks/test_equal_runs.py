from pathlib import Path

import pytest

from benchmarks.equal_runs import main
from tests.unit.comparison.stored_sides import repeats, stored


def test_equal_runs_are_counted_in_pairs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main([str(repeats(tmp_path, range(1, 4)))])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{tmp_path}: 3 runs, 3 pairs, others took 0% to 0% of the machine"
    assert lines[1].split("  ")[-1].endswith("false alarms 0 of 3 (0%)")
    (run,) = [line for line in lines if line.startswith("  run p(50)")]
    assert run.endswith("false alarms 0 of 3 (0%), a fifth more is found 3 of 3 (100%)")


def test_a_run_that_is_other_is_an_alarm(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stored(tmp_path / "1", 1)
    stored(tmp_path / "2", 2, slower=1.5)
    main([str(tmp_path)])
    assert "any of the six                 false alarms 1 of 1 (100%)" in capsys.readouterr().out
