"""``run`` on other servers than the embedded Redis, and on servers that refuse us."""

import json
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.command import Command
from tests.integration.rabbitmq_fixture import running_rabbitmq
from tests.integration.redis_fixture import running_redis

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


REFUSED = """\
version: 1
name: refused
app: tasks.app:app
target: {broker: "%s"}
workers: {add: {queues: [add]}}
workloads: {sums: {executor: shared-iterations, canvas: {task: add, args: [1, 2]}}}
"""


def refused(command: Command, write_scenario: Write, broker: str, **options: Any) -> str:
    """The one line that a broker is refused with: exit code 3, soon, and without the password."""
    done = command("run", write_scenario(REFUSED % broker), "--out", command.runs, **options)
    assert done.code == 3, done.err + done.out
    assert done.took_s < 10
    said = [line for line in done.err.splitlines() if line and not line.startswith("[")]
    assert len(said) == 1, done.err
    assert "hunter2" not in done.err + done.out
    return said[0]


@pytest.mark.alone
def test_a_redis_that_refuses_us(command: Command, write_scenario: Write, tmp_path: Path) -> None:
    with running_redis(tmp_path, "--requirepass", "right") as redis:
        place = f"127.0.0.1:{redis.port}"
        cases = {
            f"redis://:hunter2@{place}/0": "password",
            f"redis://{place}/0": "it wants a password",
            f"rediss://:right@{place}/0": "TLS",
        }
        for broker, reason in cases.items():
            line = refused(command, write_scenario, broker)
            assert reason.lower() in line.lower(), (broker, line)
            assert place in line


@needs_rabbitmq
@pytest.mark.alone
def test_a_rabbitmq_that_refuses_us(
    command: Command, write_scenario: Write, tmp_path: Path
) -> None:
    with running_rabbitmq(tmp_path) as rabbit:
        place = f"127.0.0.1:{rabbit.port}"
        cases = {
            f"amqp://guest:hunter2@{place}//": "ACCESS_REFUSED",
            f"amqps://guest:hunter2@{place}//": "Does it want no TLS",
        }
        for broker, reason in cases.items():
            line = refused(command, write_scenario, broker)
            assert reason in line, (broker, line)
            assert place in line


@pytest.mark.alone
@pytest.mark.parametrize(
    "broker",
    [
        "redis://:hunter2@127.0.0.1:1/0",
        "amqp://u:hunter2@127.0.0.1:1//",
        "redis://:hunter2@no-such-host.invalid/0",
        "amqp://u:hunter2@no-such-host.invalid//",
    ],
)
def test_nobody_answers(command: Command, write_scenario: Write, broker: str) -> None:
    host = broker.partition("@")[2].strip("/0").partition(":")[0]
    assert host in refused(command, write_scenario, broker)


def test_a_worker_in_the_foreground_says_it_too(command: Command) -> None:
    broker = "redis://:hunter2@127.0.0.1:1/0"
    done = command("worker", "add", "--pool", "solo", "--broker", broker)
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith("no broker answers at 127.0.0.1:1 within 5 s: ")
    assert done.err.count("\n") == 1
    assert done.took_s < 10


@pytest.mark.parametrize("broker", ["rabbitmq", "valkey"])
@pytest.mark.alone
def test_a_server_that_is_not_installed(
    command: Command, write_scenario: Write, broker: str
) -> None:
    env = {"PATH": "/nowhere", "ORCHESTRATOR_RABBITMQ_BIN": "", "ORCHESTRATOR_REDIS_BIN": ""}
    assert "install" in refused(command, write_scenario, broker, env=env)


def test_a_port_in_use(command: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = command("broker", "--port", str(port))
    assert done.code == 3
    assert done.err == f"Port {port} of 127.0.0.1 is taken.\n"
    assert done.took_s < 10
