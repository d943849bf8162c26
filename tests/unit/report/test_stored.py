import gzip
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import UsageError
from orchestrator.report.stored import StoredRun, read_summary
from tests.unit.report.html.stored_run import store
from tests.unit.report.result_factory import make_sample, make_task


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    run = store(tmp_path)
    assert run.series.at_s == [1.0, 2.0, 3.0]
    assert run.series.sent == [10.0] * 3
    assert run.series.backlog == {"add": [3.0] * 3}
    assert run.series.cpu == {"add": [0.5] * 3, "orchestrator": [0.25] * 3}
    assert run.series.rss == {"add": [1024.0] * 3, "orchestrator": [2048.0] * 3}
    assert run.scenario.startswith("# As run")
    tasks = list(run.tasks())
    assert len(tasks) == run.summary["verdicts"]["sent"] == 100
    assert tasks[3].id == make_task(3).id
    assert (tasks[3].intended, tasks[3].sent, tasks[3].published) == (30.0, 31.0, 32.0)
    assert (tasks[3].verdict, tasks[3].workload, tasks[3].queue) == ("ok", "sums", "add")


def test_what_others_used_is_read_and_a_series_without_it_too(tmp_path: Path) -> None:
    sample = replace(make_sample(1), pools={"others": (0.5, 1024)}, others_cpu_ratio=1.25)
    run = store(tmp_path, samples=[make_sample(0), sample])
    assert run.series.others == [None, 1.25]
    assert run.series.cpu["others"] == [None, 0.5]
    path = tmp_path / "series.csv"
    path.write_text("".join(f"{line.rpartition(',')[0]}\n" for line in path.read_text().split()))
    older = StoredRun.read(tmp_path, run.summary).series
    assert older.others == [None, None]
    assert older.cpu == run.series.cpu


def test_a_time_that_nobody_saw_is_none(tmp_path: Path) -> None:
    run = store(tmp_path, [make_task(0, received_ns=None, started_ns=None, finished_ns=None)])
    (task,) = run.tasks()
    assert (task.received, task.started, task.finished) == (None, None, None)


@pytest.mark.parametrize("name", ["summary.json", "series.csv", "scenario.yaml"])
def test_a_directory_that_lacks_a_file_is_refused_with_its_name(tmp_path: Path, name: str) -> None:
    store(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(UsageError, match=f"not a whole run directory.*{name}"):
        StoredRun.read(tmp_path, read_summary(tmp_path))


@pytest.mark.parametrize("text", ["{", "[]", '{"version": 99, "verdicts": {}}', '{"version": 1}'])
def test_a_summary_that_is_not_ours_is_refused(tmp_path: Path, text: str) -> None:
    store(tmp_path)
    (tmp_path / "summary.json").write_text(text)
    with pytest.raises(UsageError):
        read_summary(tmp_path)


@pytest.mark.parametrize(
    "content",
    [b"", b"junk", gzip.compress(b"id,task\na,b\n"), gzip.compress(b"x" * 9999)[:40]],
    ids=["empty", "not gzip", "other columns", "cut off"],
)
def test_damaged_tasks_are_an_error_that_names_the_file(tmp_path: Path, content: bytes) -> None:
    run = store(tmp_path)
    (tmp_path / "tasks.csv.gz").write_bytes(content)
    with pytest.raises(UsageError, match=r"tasks\.csv\.gz"):
        list(run.tasks())
