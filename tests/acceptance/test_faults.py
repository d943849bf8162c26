"""What goes wrong on purpose does, and each figure of it is that of the tasks themselves."""

import csv
import gzip
import json
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from orchestrator.environment.rabbitmq_node import find_rabbitmq
from orchestrator.errors import BrokerBinaryMissing
from tests.acceptance.browser import opened
from tests.acceptance.command import Command, Done

Write = Callable[[str], Path]

NAPS = """\
version: 1
name: naps
app: tasks.app:app
target: {settings: %s}
workers:
  add: {queues: [add], pool: %s, concurrency: 4, prefetch_multiplier: 1}
workloads:
  naps:
    executor: constant-arrival-rate
    rate: 20/s
    duration: %s
    timeout: %s
    canvas: {task: sleep, args: [0.2]}
faults:
"""
RESTARTED = """\
version: 1
name: restarted
app: tasks.app:app
workers:
  add: {queues: [add], pool: threads, concurrency: 4}
workloads:
  naps:
    executor: constant-arrival-rate
    rate: 2/s
    duration: 5s
    timeout: 15s
    canvas: {task: sleep, args: [0.02]}
faults:
  # Nothing may be running when the broker goes: Celery's worker may not survive that on Redis.
  - {at: 1250ms, kind: worker-pause, worker: add, duration: 4s}
  - {at: 3250ms, kind: broker-kill, restart_after: 500ms}
"""
QUICK_REDELIVERY = (
    "{task_acks_late: %s, task_reject_on_worker_lost: true, broker_transport_options: "
    "{visibility_timeout: 2, unacked_restore_interval: 1, unacked_restore_throttle: 1}}"
)


def ran(command: Command, scenario: Path, *arguments: str) -> tuple[Done, dict[str, Any]]:
    done = command.scenario(scenario, "--json", *arguments, timeout_s=120)
    assert "Traceback" not in done.err
    summary: dict[str, Any] = json.loads(done.out)
    assert summary["run"]["partial"] is False, done.err
    return done, summary


def rows(command: Command) -> Sequence[Mapping[str, str]]:
    with gzip.open(command.one_run() / "tasks.csv.gz", "rt", newline="") as file:
        return list(csv.DictReader(file))


def in_flight(tasks: Sequence[Mapping[str, str]], fault: Mapping[str, Any]) -> int:
    return sum(
        float(task["intended_ms"]) <= fault["ended_s"] * 1000
        and (task["seen_ms"] == "" or float(task["seen_ms"]) >= fault["struck_s"] * 1000)
        for task in tasks
    )


@pytest.mark.parametrize("late", ["false", "true"])
def test_a_killed_worker_loses_what_it_runs_unless_it_acknowledges_late(
    command: Command, write_scenario: Write, late: str
) -> None:
    kill = "  - {at: 2s, kind: worker-kill, worker: add, restart_after: 300ms}\n"
    scenario = write_scenario(NAPS % (QUICK_REDELIVERY % late, "prefork", "4s", "12s") + kill)
    done, summary = ran(command, scenario)
    (fault,) = summary["faults"]
    tasks = rows(command)
    lost = [task for task in tasks if task["verdict"] == "lost_task"]
    cut_off = [task for task in lost if task["reason"].startswith("started, ")]
    assert fault["tasks"] == in_flight(tasks, fault)
    assert 2.0 <= fault["struck_s"] < 3.0
    assert fault["struck_s"] + 0.3 <= fault["ended_s"] < 8.0
    assert fault["down_s"] > fault["ended_s"] - fault["struck_s"]
    # Four at a time, of 0.2 s each, at 20/s.
    assert 2 <= fault["cut_off"] <= 4
    assert summary["workers"]["add"]["restarts"] == 1
    assert summary["workers"]["add"]["exit_codes"] == [-9, 0]
    assert sum(summary["verdicts"][name] for name in ("ok", "lost_task")) == len(tasks) == 80
    if late == "false":
        assert done.code == 5
        assert len(cut_off) == fault["cut_off"]
        assert all(float(task["started_ms"]) < fault["struck_s"] * 1000 for task in cut_off)
    else:
        assert cut_off == []
    # A message that a worker has popped and not noted yet dies with it: that is kombu's.
    others = {task["reason"] for task in lost if task not in cut_off}
    assert others <= {"never received by a worker", "received by a worker, never executed"}


def test_a_child_that_is_killed_costs_its_task_and_a_warm_shutdown_costs_none(
    command: Command, write_scenario: Write
) -> None:
    faults = (
        "  - {at: 1500ms, kind: child-kill, worker: add}\n"
        "  - {at: 4s, kind: worker-kill, worker: add, signal: SIGTERM, restart_after: 0s}\n"
    )
    done, summary = ran(command, write_scenario(NAPS % ("{}", "prefork", "6s", "12s") + faults))
    child, worker = summary["faults"]
    verdicts = summary["verdicts"]
    assert (verdicts["ok"], verdicts["failed"], done.code) == (119, 1, 1)
    (task_id,) = verdicts["ids"]["failed"]
    assert "WorkerLostError" in verdicts["reasons"][task_id]
    assert (child["cut_off"], child["verdicts"]["failed"]) == (1, 1)
    # Celery takes a while to say that a task has failed so: it may be in flight still.
    assert worker["cut_off"] == 0
    assert worker["verdicts"]["ok"] == worker["tasks"] - worker["verdicts"]["failed"] > 0
    assert summary["workers"]["add"]["exit_codes"] == [0, 0]
    # The worker, and the child, if Celery has put another in its place before the shutdown.
    assert summary["workers"]["add"]["restarts"] in (1, 2)


@pytest.mark.alone
def test_what_stands_still_is_down_for_that_long(command: Command, write_scenario: Write) -> None:
    faults = (
        "  - {at: 1s, kind: worker-pause, worker: add, duration: 1s}\n"
        "  - {at: 4s, kind: broker-pause, duration: 1s}\n"
        "  - {at: 60s, kind: broker-pause, duration: 1s}\n"
        "thresholds:\n"
        '  verified: ["rate==1"]\n'
        '  "fault_down{pool:add}": ["min>=1s"]\n'
        '  fault_recovery: ["max<1ms"]\n'
    )
    done, summary = ran(command, write_scenario(NAPS % ("{}", "threads", "7s", "12s") + faults))
    assert done.code == 1
    assert [each["passed"] for each in summary["thresholds"]] == [True, True, False]
    worker, broker, never = summary["faults"]
    tasks = rows(command)
    for fault, at_s in ((worker, 1.0), (broker, 4.0)):
        assert at_s <= fault["struck_s"] < at_s + 0.5
        assert 1.0 <= fault["ended_s"] - fault["struck_s"] < 1.5
        assert 1.0 <= fault["down_s"] < 2.0
        assert fault["recovered_s"] >= fault["down_s"] - 0.3
        assert fault["verdicts"]["ok"] == fault["tasks"] == in_flight(tasks, fault)
    assert (never["struck_s"], never["tasks"], never["note"]) == (None, 0, "")
    with opened(command.one_run() / "report.html") as seen:
        cells = seen.page.locator("#faults tbody tr").all_inner_texts()
        names = ["worker-pause add", "broker-pause", "broker-pause"]
        assert [text.split("\t")[0] for text in cells] == names
        assert "did not strike: the load was over" in cells[2]
        marks = seen.page.evaluate("runMarks.map(mark => [mark.label, mark.to_s !== null])")
        assert marks == [["worker-pause add", True], ["broker-pause", True]]


@pytest.mark.parametrize("broker", ["embedded", "rabbitmq"])
def test_a_broker_that_is_restarted_has_what_it_had(
    command: Command, write_scenario: Write, broker: str
) -> None:
    if broker == "rabbitmq":
        try:
            find_rabbitmq()
        except BrokerBinaryMissing as exc:
            pytest.skip(str(exc))
    _, summary = ran(command, write_scenario(RESTARTED), "--broker", broker)
    pause, kill = summary["faults"]
    # What the worker had taken from a RabbitMQ it executes, and is sent again; and it may be
    # connected again and consume nothing.
    verdicts = summary["verdicts"]
    kept = sum(verdicts[name] for name in ("ok", "duplicate", "late"))
    assert kept == verdicts["sent"] == 10
    assert broker == "rabbitmq" or verdicts["ok"] == 10
    # What never had a result counts for the first fault alone.
    unanswered = sum(task["seen_ms"] == "" for task in rows(command))
    assert in_flight(rows(command), kill) - unanswered <= kill["tasks"]
    assert kill["tasks"] <= in_flight(rows(command), kill)
    assert broker == "rabbitmq" or kill["tasks"] >= 4
    assert kill["ended_s"] >= kill["struck_s"] + 0.5
    # The worker stands still until 5 s.
    assert (kill["down_s"] or 9.0) >= 1.5
    assert pause["ended_s"] >= 5.0


def test_an_interrupt_while_a_worker_stands_still_leaves_nothing(
    command: Command, write_scenario: Write
) -> None:
    pause = "  - {at: 1s, kind: worker-pause, worker: add, duration: 60s}\n"
    scenario = write_scenario(NAPS % ("{}", "prefork", "60s", "12s") + pause)
    process = command.start("run", scenario, "-v", "--out", command.runs)
    assert process.stderr is not None
    for line in process.stderr:
        if " 2 s " in line:
            break
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    (fault,) = json.loads((command.one_run() / "summary.json").read_text())["faults"]
    assert fault["struck_s"] is not None
    assert fault["ended_s"] is None
    command.wait_until(lambda: not command.processes(), within_s=5)
