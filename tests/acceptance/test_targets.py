"""``run`` on other servers than the embedded Redis, and on servers that refuse us."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.command import Command

Write = Callable[[str], Path]

needs_rabbitmq = pytest.mark.skipif(
    not shutil.which("rabbitmq-server"), reason="no rabbitmq-server on the PATH"
)

QUORUM = """\
version: 1
name: quorum
app: tasks.app:app
target: {broker: rabbitmq, results: rpc, settings: {task_default_queue_type: quorum}}
workers:
  add: {queues: [add], pool: threads, concurrency: 2}
workloads:
  sums:
    executor: shared-iterations
    iterations: 20
    vus: 4
    canvas: {group: {each: {task: add, args: [{int: [0, 9]}, 1]}, count: 5}}
thresholds:
  verified: ["rate==1"]
"""


@needs_rabbitmq
def test_mixed_passes_on_a_private_rabbitmq(command: Command) -> None:
    done = command.scenario(
        "scenarios/mixed.yaml",
        "--broker=rabbitmq",
        "--set=workloads.sums.duration=2s",
        "--set=workloads.products.duration=2s",
        "--set=target.settings.task_queue_max_priority=10",
    )
    assert done.code == 0, done.err + done.out
    summary = json.loads((command.one_run() / "summary.json").read_text())
    environment = summary["environment"]
    assert environment["broker"]["kind"] == "rabbitmq"
    assert environment["results"]["url"].startswith("redis://")
    assert "chord" in environment["results"]["why"]
    assert "a private Redis" in done.err


@needs_rabbitmq
def test_quorum_queues_and_rpc_results(command: Command, write_scenario: Write) -> None:
    done = command.scenario(write_scenario(QUORUM))
    assert done.code == 0, done.err + done.out
    names = (command.one_run() / "series.csv").read_text().splitlines()[0]
    assert "backlog_add_count,backlog_unacked_count" in names
