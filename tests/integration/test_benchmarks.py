"""Each row of `make bench` runs, with few tasks: results are checked, times are not judged."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from benchmarks.laboratory import open_laboratory
from benchmarks.records import BenchmarkError, Experiment, WrongResult
from benchmarks.registry import EXPERIMENTS

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 100
OPTIONS = ("--scale", "0.003", "--repeats", "1", "--no-fail")
MARK = "BENCH_SMOKE"


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda experiment: experiment.name)
def test_every_row_gives_a_sane_number(experiment: Experiment, tmp_path: Path) -> None:
    report = measured(experiment.name, tmp_path)
    figures = {figure["row"]["name"]: figure for figure in report["figures"]}
    assert list(figures) == [row.name for row in experiment.rows]
    for figure in figures.values():
        if figure["status"] == "skipped":
            pytest.skip(figure["reason"])
        assert figure["status"] == "info", figure["reason"]
        assert 0 < figure["lowest"] <= figure["value"] <= figure["highest"] < 1e6
    assert report["facts"]
    assert all(value > 0 for fact in report["facts"] for value in fact["values"])


def measured(name: str, directory: Path) -> dict[str, Any]:
    """What `python -m benchmarks NAME` writes, at a small scale; nothing is left running."""
    mark = f"{name}-{os.getpid()}"
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", name, *OPTIONS, "--out", str(directory)],
        cwd=ROOT,
        env={**os.environ, MARK: mark},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert not left_over(mark)
    (written,) = directory.glob("bench-*.json")
    report: dict[str, Any] = json.loads(written.read_text())
    return report


def left_over(mark: str) -> list[str]:
    """The processes that inherited the mark in their environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == mark:
                found.append(str(process))
        except psutil.Error:
            continue
    return found


async def test_what_a_contender_does_wrong_is_noticed() -> None:
    async with open_laboratory() as laboratory, laboratory.contender("raw-publish") as contender:
        sample = await contender.repeat(3)
        await laboratory.check_published(sample.ids)
        with pytest.raises(WrongResult, match="3 of 3 messages are missing"):
            await laboratory.check_published(sample.ids)
        psutil.Process(contender.pid).kill()
        with pytest.raises(BenchmarkError, match="raw-publish ended"):
            await contender.repeat(3)


def test_the_profile_names_celerys_and_our_own_functions() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.profile", "ours-await", "--tasks", "50", "--by", "file"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=True,
    )
    assert "us CPU per task" in done.stdout
    assert "orchestrator/client/" in done.stdout
