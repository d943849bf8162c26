"""Workers that somebody else runs: on a RabbitMQ, on other hosts, and not there at all."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.acceptance.command import ROOT, Command
from tests.integration.rabbitmq_fixture import RabbitServer, running_rabbitmq
from tests.integration.redis_fixture import RedisServer, redis_binary, running_redis

Write = Callable[[str], Path]

SCENARIO = """\
version: 1
name: attached
app: tasks.app:app
target: {broker: "%s"}
workers: attach
workloads:
  sums:
    executor: shared-iterations
    iterations: 10
    vus: 2
    canvas: {group: {each: {task: add, args: [{int: [0, 9]}, 1]}, count: 3}}
thresholds:
  verified: ["rate==1"]
"""


@contextmanager
def worker(
    command: Command,
    broker: str,
    *options: str,
    prefix: tuple[str, ...] = (),
    end: signal.Signals = signal.SIGTERM,
) -> Iterator["subprocess.Popen[bytes]"]:
    """Somebody's worker of the queue `add`; a `prefix` runs it elsewhere."""
    argv = [*prefix, *command.argv("worker", "add", "--pool", "threads", "-c", "2"), *options]
    log = (command.directory / "worker.log").open("wb")
    with (
        log,
        subprocess.Popen(
            [*argv, "--broker", broker], env=command.environ(), cwd=ROOT, stdout=log, stderr=log
        ) as process,
    ):
        try:
            yield process
        finally:
            process.send_signal(end)
            process.wait(20)


THEIR_CLIENT = """
from tasks.add_module import add_two_numbers as add
for n in range(5):
    print(add.apply_async((1, n)).id)
for n in range(3):
    add.apply_async((1, n), queue="theirs")
"""


needs_rabbitmq = pytest.mark.skipif(
    not shutil.which("rabbitmq-server"), reason="no rabbitmq-server on the PATH"
)


@needs_rabbitmq
def test_on_a_rabbitmq_with_rpc_results(
    command: Command, write_scenario: Write, tmp_path: Path
) -> None:
    with running_rabbitmq(tmp_path / "node") as rabbit, worker(command, rabbit.url):
        done = command.scenario(write_scenario(SCENARIO % rabbit.url), "-v")
    assert done.code == 0, done.err + done.out
    assert "attached to add@" in done.err
    assert "the workers send no events (celery worker -E)" in done.out
    assert "guest:guest" not in done.err + done.out


@pytest.mark.alone
def test_a_queue_without_a_worker_is_refused(
    command: Command, write_scenario: Write, tmp_path: Path
) -> None:
    with running_redis(tmp_path) as redis:
        done = command.scenario(write_scenario(SCENARIO % redis.url()))
    assert done.code == 3
    assert "No worker consumes the queue 'add' on redis://127.0.0.1:" in done.err
    assert "no worker answers there" in done.err
    assert "Traceback" not in done.err
    assert done.took_s < 10


def test_what_others_send_is_left_alone(
    command: Command, write_scenario: Write, tmp_path: Path
) -> None:
    """Their tasks run as ever, in our queue too, and are nothing to our verdict; a queue that is
    none of our business keeps what it holds."""
    with running_redis(tmp_path) as redis, redis.client() as broker:
        env = command.environ({"CELERY_BROKER_URL": redis.url()})
        argv = [sys.executable, "-c", THEIR_CLIENT]
        ids = subprocess.run(
            argv, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=True
        ).stdout.split()
        with worker(command, redis.url(), "-E"):
            done = command.scenario(write_scenario(SCENARIO % redis.url()))
        assert done.code == 0, done.err + done.out
        results = [broker.get(f"celery-task-meta-{task_id}") for task_id in ids]
        assert [json.loads(result or b"{}").get("result") for result in results] == [1, 2, 3, 4, 5]
        assert broker.llen("theirs") == 3
    summary = json.loads((command.one_run() / "summary.json").read_text())
    assert summary["verdicts"]["sent"] == summary["verdicts"]["ok"] == 30


LONG = SCENARIO.replace("shared-iterations", "constant-vus").replace(
    "iterations: 10", "duration: 30s"
)


@contextmanager
def a_broker(kind: str, directory: Path) -> Iterator[RedisServer | RabbitServer]:
    directory.mkdir()
    if kind == "redis":
        with running_redis(directory) as redis:
            yield redis
    else:
        with running_rabbitmq(directory) as rabbit:
            yield rabbit


@pytest.mark.parametrize(
    "kind",
    ["redis", pytest.param("rabbitmq", marks=needs_rabbitmq)],
)
def test_a_broker_that_dies_ends_the_run(
    kind: str, command: Command, write_scenario: Write, tmp_path: Path
) -> None:
    """The workers are not told to end, so they are ended the hard way."""
    with a_broker(kind, tmp_path / "server") as server, ExitStack() as stack:
        url = server.url() if isinstance(server, RedisServer) else server.url
        pool = stack.enter_context(worker(command, url, "-E", end=signal.SIGKILL))
        assert pool.poll() is None
        run = stack.enter_context(
            command.start("run", write_scenario(LONG % url), "--out", command.runs)
        )
        assert run.stderr is not None
        assert any("] sending" in line for line in run.stderr)
        server.stop(by=signal.SIGKILL)
        out, err = run.communicate(timeout=30)
    assert run.returncode == 3, err + out
    assert "Traceback" not in err
    assert err.splitlines()[-1].startswith(("the broker", "the workers' events"))
    assert json.loads((command.one_run() / "summary.json").read_text())["run"]["stopped_by"]


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, timeout=10)


def cannot_make_hosts() -> str | None:
    """Why there can be no network namespaces here."""
    if os.geteuid() != 0:
        return "needs root"
    for program in ("ip", "unshare"):
        if not shutil.which(program):
            return f"needs {program} (iproute2, util-linux)"
    tried = subprocess.run(["unshare", "--net", "--uts", "true"], capture_output=True, timeout=10)
    return None if tried.returncode == 0 else "this kernel or container allows no namespaces"


class Hosts:
    """Network namespaces on one bridge, each a host of its own name: `NAME` at 10.99.7.N."""

    def __init__(self, stack: ExitStack, mark: str) -> None:
        self._stack = stack
        self._mark = mark
        self._count = 0
        self._bridge = f"ob{mark}"
        ip("link", "add", self._bridge, "type", "bridge")
        stack.callback(ip, "link", "delete", self._bridge)
        ip("link", "set", self._bridge, "up")

    def add(self, name: str) -> tuple[str, tuple[str, ...]]:
        """The address of a new host, and what makes a command run there."""
        self._count += 1
        space, wire = f"{name}{self._mark}", f"ow{self._count}{self._mark}"
        address = f"10.99.7.{self._count}"
        ip("netns", "add", space)
        self._stack.callback(ip, "netns", "delete", space)
        ip("link", "add", wire, "type", "veth", "peer", "name", "eth0", "netns", space)
        ip("link", "set", wire, "master", self._bridge, "up")
        for arguments in (
            ("address", "add", f"{address}/24", "dev", "eth0"),
            ("link", "set", "eth0", "up"),
            ("link", "set", "lo", "up"),
        ):
            ip("-n", space, *arguments)
        named = ("unshare", "--uts", "sh", "-c", f'hostname {name}; exec "$@"', "sh")
        return address, ("ip", "netns", "exec", space, *named)


@pytest.mark.skipif(bool(cannot_make_hosts()), reason=str(cannot_make_hosts()))
def test_across_hosts(command: Command, write_scenario: Write, tmp_path: Path) -> None:
    with ExitStack() as stack:
        hosts = Hosts(stack, f"{os.getpid() % 100_000}")
        address, at_broker = hosts.add("broker")
        _, at_worker = hosts.add("worker")
        _, at_orchestrator = hosts.add("load")
        argv = [*at_broker, redis_binary(), "--bind", address, "--protected-mode", "no"]
        server = stack.enter_context(
            subprocess.Popen(
                [*argv, "--save", "", "--dir", str(tmp_path)], stdout=subprocess.DEVNULL
            )
        )
        stack.callback(server.terminate)
        url = f"redis://{address}:6379/0"
        stack.enter_context(worker(command, url, "-E", prefix=at_worker))
        run = command.argv("run", write_scenario(SCENARIO % url), "--out", command.runs)
        done = subprocess.run(
            [*at_orchestrator, *run], cwd=ROOT, env=command.environ(), capture_output=True,
            text=True, timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    assert "attached to add@worker" in done.stderr
    environment = json.loads((command.one_run() / "summary.json").read_text())["environment"]
    (clock,) = environment["clocks"]
    assert (clock["host"], clock["same"], environment["points_from"]) == ("worker", False, "events")
    # In truth both hosts have one clock, so the estimate can be held against it.
    assert abs(clock["ahead_ms"]) <= clock["uncertainty_ms"]
    assert "worker: " in done.stdout
    assert "estimated to within" in done.stdout
