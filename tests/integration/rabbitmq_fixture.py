"""A private RabbitMQ for the integration tests: the installed program, everything else of our own.

The node has its own ports, cookie, database and port mapper (epmd), so it neither sees nor is seen
by another RabbitMQ of the machine, and all of its processes end with the test.
"""

import gc
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import amqp
import kombu.pools
import pytest

from tests.integration.redis_fixture import (
    Lab,
    free_port,
    let_go_of_results,
    load_client_app,
    running_redis,
    running_worker,
)

PLACES = (
    "/usr/lib/rabbitmq/bin",
    "/usr/local/opt/rabbitmq/sbin",
    "/opt/homebrew/opt/rabbitmq/sbin",
)
START_S = 60
STOP_S = 10
CONTROL_S = 60
GREETING = b"AMQP"


def rabbitmq_program(name: str) -> str:
    """The program itself: the one on the PATH of a Debian system insists on the user rabbitmq."""
    for place in PLACES:
        if os.access(f"{place}/{name}", os.X_OK):
            return f"{place}/{name}"
    found = shutil.which(name)
    if found is None or shutil.which("epmd") is None:
        pytest.skip(f"no {name} (with Erlang's epmd) is installed")
    return found


class RabbitServer:
    """A node that can be stopped, frozen and started again on the same ports, with its data."""

    def __init__(self, directory: Path, configuration: Sequence[str] = ()) -> None:
        self.directory = directory
        self.port = free_port()
        self._configuration = configuration
        self._epmd_port = free_port()
        self._distribution_port = free_port()
        self._processes: list[subprocess.Popen[bytes]] = []

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def start(self) -> None:
        program = rabbitmq_program("rabbitmq-server")
        (self.directory / "home").mkdir(exist_ok=True)
        (self.directory / "plugins").write_text("[].")
        lines = [f"listeners.tcp.1 = 127.0.0.1:{self.port}", *self._configuration]
        (self.directory / "rabbitmq.conf").write_text("\n".join(lines) + "\n")
        self._processes = [self._run("epmd", "-port", str(self._epmd_port)), self._run(program)]
        deadline = time.monotonic() + START_S
        while not self._answers():
            if time.monotonic() > deadline or self._processes[-1].poll() is not None:
                raise RuntimeError((self.directory / "output.log").read_text()[-2000:])
            time.sleep(0.05)

    def stop(self, *, by: signal.Signals = signal.SIGTERM) -> None:
        """The node first; epmd has nothing to end in good order."""
        processes, self._processes = self._processes, []
        for process, signum in zip(reversed(processes), (by, signal.SIGKILL), strict=False):
            os.killpg(process.pid, signum)
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(STOP_S)

    def freeze(self) -> None:
        """Stop answering, with connections open."""
        os.killpg(self._processes[-1].pid, signal.SIGSTOP)

    def thaw(self) -> None:
        if self._processes:
            os.killpg(self._processes[-1].pid, signal.SIGCONT)

    def control(self, *arguments: str) -> str:
        """What `rabbitmqctl` prints."""
        argv = [rabbitmq_program("rabbitmqctl"), "--quiet", *arguments]
        done = subprocess.run(
            argv, env=self._environ(), capture_output=True, text=True, timeout=CONTROL_S, check=True
        )
        return done.stdout

    def queues(self) -> set[str]:
        return set(self.control("list_queues", "name", "--no-table-headers").split())

    @contextmanager
    def channel(self) -> Iterator[Any]:
        """A channel of py-amqp's."""
        with amqp.Connection(f"127.0.0.1:{self.port}", "guest", "guest") as connection:
            yield connection.channel()

    def depth(self, queue: str) -> int:
        with self.channel() as channel:
            return int(channel.queue_declare(queue, passive=True).message_count)

    def has_queue(self, queue: str) -> bool:
        try:
            self.depth(queue)
        except amqp.NotFound:
            return False
        return True

    def _run(self, *argv: str) -> "subprocess.Popen[bytes]":
        with (self.directory / "output.log").open("ab") as log:
            return subprocess.Popen(
                argv, env=self._environ(), stdout=log, stderr=log, start_new_session=True
            )

    def _environ(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.directory / "home"),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._epmd_port),
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            "RABBITMQ_CONFIG_FILE": str(self.directory / "rabbitmq.conf"),
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.directory / "plugins"),
            "RABBITMQ_LOG_BASE": str(self.directory / "log"),
            "RABBITMQ_MNESIA_BASE": str(self.directory / "data"),
            "RABBITMQ_NODENAME": f"node{self.port}@localhost",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_PID_FILE": str(self.directory / "pid"),
        }

    def _answers(self) -> bool:
        """True when the broker greets whoever begins to speak AMQP."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(GREETING + b"\x00\x00\x09\x01")
                return connection.recv(1) == b"\x01"
        except OSError:
            return False


@contextmanager
def running_rabbitmq(directory: Path, *configuration: str) -> Iterator[RabbitServer]:
    server = RabbitServer(directory, configuration)
    server.start()
    try:
        yield server
    finally:
        server.thaw()
        server.stop(by=signal.SIGKILL)


@dataclass(frozen=True)
class RabbitLab(Lab):
    """A RabbitMQ and a Redis, the test app, and perhaps a worker on them."""

    rabbit: RabbitServer
    settings: Mapping[str, Any]


@contextmanager
def rabbit_lab(
    directory: Path,
    settings: Mapping[str, Any] | None = None,
    *,
    results: str = "rpc",
    worker: bool = True,
) -> Iterator[RabbitLab]:
    """``results`` is ``rpc`` or ``redis``; ``settings`` are Celery's, for worker and client."""
    places = directory / "rabbitmq", directory / "redis"
    for place in places:
        place.mkdir()
    with running_rabbitmq(places[0]) as rabbit, running_redis(places[1]) as redis:
        settings = {
            "broker_url": rabbit.url,
            "result_backend": "rpc://" if results == "rpc" else redis.url(),
            **(settings or {}),
        }
        log = directory / "worker.log"
        made = RabbitLab(redis, load_client_app(settings), log, rabbit, settings)
        try:
            with running_worker(made, settings) if worker else nullcontext():
                yield made
        finally:
            kombu.pools.reset()  # type: ignore[no-untyped-call]
            if results == "redis":
                let_go_of_results(made.app)
            gc.collect()
