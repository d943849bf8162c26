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
from benchmarks.records import BenchmarkError, WrongResult
from benchmarks.registry import EXPERIMENTS

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 100
OPTIONS = ("--scale", "0.003", "--repeats", "1", "--no-fail")
ROWS = {row.name: row for experiment in EXPERIMENTS for row in experiment.rows}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The whole table, at a small scale. Nothing that it started is left afterwards."""
    out = tmp_path_factory.mktemp("bench")
    mark = f"bench-smoke-{os.getpid()}"
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *OPTIONS, "--out", str(out)],
        cwd=ROOT,
        env={**os.environ, "BENCH_SMOKE": mark},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert not left_over(mark)
    (written,) = out.glob("bench-*.json")
    found: dict[str, Any] = json.loads(written.read_text())
    assert found["effort"]["scale"] == 0.003
    return found


def left_over(mark: str) -> list[str]:
    """The processes that inherited the mark in their environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("BENCH_SMOKE") == mark:
                found.append(str(process))
        except psutil.Error:
            continue
    return found


@pytest.mark.parametrize("name", sorted(ROWS))
def test_a_row_gives_a_sane_number(report: dict[str, Any], name: str) -> None:
    (figure,) = (figure for figure in report["figures"] if figure["row"]["name"] == name)
    if figure["status"] == "skipped":
        pytest.skip(figure["reason"])
    assert figure["status"] == "info", figure["reason"]
    assert 0 < figure["lowest"] <= figure["value"] <= figure["highest"] < 1e6


def test_the_facts_behind_the_ratios_are_there(report: dict[str, Any]) -> None:
    names = {fact["name"] for fact in report["facts"]}
    assert {"publish, stock-publish: wall", "drain, ours-await"} <= names
    assert all(value > 0 for fact in report["facts"] for value in fact["values"])


async def test_a_contender_that_breaks_says_why() -> None:
    async with open_laboratory() as laboratory, laboratory.contender("raw-publish") as contender:
        sample = await contender.repeat(3)
        await laboratory.check_published(sample.ids)
        with pytest.raises(WrongResult, match="3 of 3 messages are missing"):
            await laboratory.check_published(sample.ids)
        psutil.Process(contender.pid).kill()
        with pytest.raises(BenchmarkError, match="raw-publish ended"):
            await contender.repeat(3)
