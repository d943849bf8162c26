import csv
from pathlib import Path

import pytest

from orchestrator.errors import UsageError
from orchestrator.report.csv_files import KIND
from orchestrator.report.run_directory import write_capacity, write_experiment
from orchestrator.report.stored import read_stored
from tests.unit.report.html.stored_run import store
from tests.unit.report.test_capacity import FOUND
from tests.unit.report.test_experiment import FOUR, experiment


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_rows_of_a_run_are_its_data_and_cannot_be_made_again(tmp_path: Path) -> None:
    run = store(tmp_path)
    names = [path.name for path in KIND.write(tmp_path, run.summary)]
    assert names == ["series.csv", "tasks.csv.gz"]
    (tmp_path / "series.csv").unlink()
    with pytest.raises(UsageError, match=r"series\.csv is not there"):
        KIND.write(tmp_path, run.summary)


def test_an_experiment_has_a_row_for_each_run(tmp_path: Path) -> None:
    write_experiment(experiment(*FOUR), tmp_path, ["csv"])
    read = rows(tmp_path / "runs.csv")
    assert [row["number"] for row in read] == ["1", "2", "3", "4"]
    assert [row["workers.all.pool"] for row in read] == ["b", "a", "a", "b"]
    assert [float(row["throughput_per_s"]) for row in read] == [200, 100, 101, 201]
    summary = read_stored(tmp_path)
    for row, run in zip(read, summary["runs"], strict=True):
        assert float(row["p95_ms"]) == run["figures"]["p95_ms"]
        assert int(row["ok"]) == run["verdicts"]["ok"] == 10
        assert (row["thresholds_held_count"], row["thresholds_count"]) == ("4", "4")
        assert (row["exit_code"], row["partial"]) == ("0", "0")


def test_a_capacity_has_a_row_for_each_step(tmp_path: Path) -> None:
    write_capacity(FOUND, tmp_path, ["csv"])
    read = rows(tmp_path / "steps.csv")
    assert [float(row["rate_per_s"]) for row in read] == [40, 80, 77]
    assert [row["held"] for row in read] == ["1", "0", "1"]
    assert read[1]["why"] == "in flight grew by 2.3/s"
    assert float(read[0]["task_duration p(95)<200ms"]) == 57.25
