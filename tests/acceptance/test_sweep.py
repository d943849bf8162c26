"""``sweep``: a matrix from the command line, its table, and how it ends early."""

import json
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.command import Command

Write = Callable[[str], Path]

SMALL = """\
version: 1
name: small
app: tasks.app:app
workers:
  add: {queues: [add], pool: threads, concurrency: 1}
workloads:
  sums:
    executor: shared-iterations
    iterations: %s
    vus: 4
    canvas: {task: sleep, args: [0.01]}
"""


@pytest.mark.alone
def test_a_planted_difference_is_marked(command: Command, write_scenario: Write) -> None:
    """One thread sleeps 10 ms for each task, four do it at once."""
    vary = ("--vary", "workers.add.concurrency=1,4", "--repeats", "3")
    done = command("sweep", write_scenario(SMALL % 60), *vary, "--out", command.runs)
    assert done.code == 0, done.err
    table = {line.split()[0]: line for line in done.out.splitlines() if "MiB" in line}
    assert set(table) == {"1", "4"}
    document = json.loads((command.one_run() / "summary.json").read_text())
    one, four = (row["figures"]["throughput_per_s"] for row in document["rows"])
    assert four["best"], (one, four)
    assert not one["best"]
    assert one["mean"] < 100 < four["mean"]
    assert "run 6 of 6" in done.err


def test_an_interrupted_sweep_keeps_what_was_measured(
    command: Command, write_scenario: Write
) -> None:
    scenario = write_scenario(SMALL % 5000)
    process = command.start("sweep", scenario, "--vary", "seed=1,2", "--out", command.runs)
    command.wait_until(lambda: any(command.runs.glob("*/*/workers/*.log")), within_s=30)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=40)
    assert process.returncode == 130, err
    assert "PARTIAL" in out or "interrupted" in out
    document = json.loads((command.one_run() / "summary.json").read_text())
    assert document["experiment"]["partial"] is True


def test_nothing_to_vary_is_said(command: Command, write_scenario: Write) -> None:
    done = command("sweep", write_scenario(SMALL % 4))
    assert done.code == 2
    assert "has no matrix: say what to vary" in done.err
