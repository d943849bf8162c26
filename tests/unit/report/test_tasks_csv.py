import csv
import gzip
from pathlib import Path

from orchestrator.report.tasks_csv import HEADER, write_tasks_csv
from tests.unit.report.result_factory import MS, PASSWORD, S, make_result, make_task


def read(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_a_row_for_each_task(tmp_path: Path) -> None:
    path = tmp_path / "tasks.csv.gz"
    lost = make_task(
        2, results=0, state="PENDING", matched=None, executions=None,
        received_ns=None, started_ns=None, finished_ns=None, seen_ns=None,
    )  # fmt: skip
    late = make_task(1, intended_ns=S + 7 * MS, sent_ns=S + 8 * MS, reason='a,\n"b"')
    write_tasks_csv(make_result([make_task(0), late, lost]), path)
    first, second, third = read(path)
    assert tuple(first) == HEADER
    assert first["intended_ms"] == "0.000"
    assert first["seen_ms"] == first["task_duration_ms"] == "25.000"
    assert (first["queue_wait_ms"], first["run_ms"]) == ("2.000", "13.000")
    assert (second["intended_ms"], second["schedule_lag_ms"]) == ("7.000", "1.000")
    assert second["reason"] == 'a,\\x0a"b"'
    assert (third["verdict"], third["executions"]) == ("lost_task", "")
    assert third["received_ms"] == third["run_ms"] == third["task_duration_ms"] == ""


def test_a_task_that_a_worker_published(tmp_path: Path) -> None:
    path = tmp_path / "tasks.csv.gz"
    body = make_task(1, direct=False, intended_ns=None, sent_ns=None)
    write_tasks_csv(make_result([make_task(0), body]), path)
    row = read(path)[1]
    assert (row["intended_ms"], row["schedule_lag_ms"]) == ("", "")
    assert row["task_duration_ms"] == "24.000"


def test_hostile_names_and_secrets(tmp_path: Path) -> None:
    path = tmp_path / "tasks.csv.gz"
    hostile = make_task(
        0, task="x" * 10_000 + "\x1b[31m\n", reason=f"redis://:{PASSWORD}@h/0", worker="\ud800"
    )
    write_tasks_csv(make_result([hostile]), path)
    (row,) = read(path)
    assert len(row["task"]) <= 500
    assert row["task"].endswith("\\x1b[31m\\x0a")
    assert row["reason"] == "redis://:***@h/0"
    assert row["worker"] == "\\ud800"


def test_equal_runs_give_equal_files(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_tasks_csv(make_result(), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_no_tasks(tmp_path: Path) -> None:
    path = tmp_path / "tasks.csv.gz"
    write_tasks_csv(make_result([]), path)
    assert read(path) == []


def test_a_task_that_is_not_ok_says_why(tmp_path: Path) -> None:
    lost = make_task(0, seen_ns=None, state="PENDING", results=0, matched=None, executions=0)
    path = tmp_path / "tasks.csv.gz"
    write_tasks_csv(make_result([lost]), path)
    (row,) = read(path)
    assert (row["verdict"], row["reason"]) == ("lost_task", "received by a worker, never executed")
