from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.comparison.measured import MeasuredSide
from orchestrator.records import FigureKey
from tests.unit.comparison.stored_sides import SOURCE, repeats, side, stored
from tests.unit.report.result_factory import make_sample

MEDIAN = FigureKey("task_duration", "p", 50.0)
MEMORY = FigureKey("worker_rss_bytes", "max")


def test_repeats_are_told_by_their_values_and_their_tasks_are_not_read(tmp_path: Path) -> None:
    found = side(repeats(tmp_path, range(1, 4)))
    for run in found.runs:
        assert run.directory is not None
        (run.directory / "tasks.csv.gz").write_bytes(b"never read")
    measured = found.measured(MEDIAN, "repeats")
    assert len(measured.values) == 3
    assert measured.errors == ()
    assert measured.taken == 0.0


def test_a_single_run_is_told_by_its_blocks(tmp_path: Path) -> None:
    stored(tmp_path, others=1.0)
    measured = side(tmp_path).measured(MEDIAN, "blocks")
    assert measured.blocks == 20
    assert len(measured.errors) == 1
    assert measured.errors[0] is not None
    assert measured.taken == 0.5


def test_of_a_tasks_own_time_others_stretch_what_is_cpu(tmp_path: Path) -> None:
    """The pool of the samples uses half a core; nine tasks a second are done, 14 ms long."""
    stored(tmp_path / "1")
    key = FigureKey("run", "avg")
    assert side(tmp_path / "1").measured(key, "blocks").exposed == 1.0
    light = [
        replace(make_sample(second), pools={"add": (0.01, 1024)}, others_cpu_ratio=0.0)
        for second in range(11)
    ]
    stored(tmp_path / "2", samples=light)
    found = side(tmp_path / "2")
    run_ms = found.mean(key)
    assert run_ms is not None
    cpu_ms = 0.01 * 10 / (11 * 9) * 1000
    assert found.measured(key, "blocks").exposed == pytest.approx(cpu_ms / run_ms)
    for other in (MEDIAN, FigureKey("run", "avg", None, ("task", "add_module.tasks.add"))):
        assert found.measured(other, "blocks").exposed == 1.0


def test_memory_is_not_moved_by_others(tmp_path: Path) -> None:
    stored(tmp_path, others=1.0)
    measured = side(tmp_path).measured(MEMORY, "blocks")
    assert measured.taken is None
    assert measured.errors == (0.01,)


def test_of_a_summary_alone_only_its_values_are_known(tmp_path: Path) -> None:
    stored(tmp_path / "run")
    (tmp_path / "base.json").write_bytes((tmp_path / "run" / "summary.json").read_bytes())
    found = side(tmp_path / "base.json")
    measured = found.measured(MEDIAN, "blocks")
    assert (measured.errors, measured.blocks, measured.taken) == ((None,), 0, None)
    assert found.files[0][1] is None


@pytest.mark.parametrize("attached", [True, False])
def test_attached_workers_are_others_themselves(tmp_path: Path, attached: bool) -> None:
    source = {**SOURCE, "workers": "attach"} if attached else SOURCE
    stored(tmp_path, others=1.0, source=source)
    assert side(tmp_path).others == ((None,) if attached else (1.0,))


def test_a_run_that_did_not_record_it_leaves_it_unknown(tmp_path: Path) -> None:
    stored(tmp_path / "1", 1, others=1.0)
    stored(tmp_path / "2", 2, others=None)
    found = side(tmp_path)
    assert found.others == (1.0, None)
    assert found.taken is None


def test_a_side_is_summed_up(tmp_path: Path) -> None:
    found: MeasuredSide = side(repeats(tmp_path, range(1, 3)))
    summary = found.summary()
    assert summary.name == str(tmp_path)
    assert summary.verdicts["ok"] == 2000
    assert [run.id for run in summary.runs] == ["run1", "run2"]
    assert summary.runs[0].others_cpu_ratio == 0.0
    assert found.mean(FigureKey("tasks_sent", "count")) == 1000
    assert found.mean(FigureKey("run", "p", 50.0, ("task", "nothing"))) is None
