"""A private RabbitMQ for the integration tests, which can be stopped, frozen and started again: the
product's own node, driven from synchronous code.
"""

import gc
import os
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

from orchestrator.environment.rabbitmq_node import RabbitNode, RabbitPrograms, find_rabbitmq
from orchestrator.errors import BrokerBinaryMissing
from tests import guarded
from tests.integration.redis_fixture import (
    Lab,
    let_go_of_results,
    load_client_app,
    running_redis,
    running_worker,
)

START_S = 60
STOP_S = 10
CONTROL_S = 60
GREETING = b"AMQP"


def rabbitmq_programs() -> RabbitPrograms:
    try:
        return find_rabbitmq()
    except BrokerBinaryMissing as exc:
        pytest.skip(str(exc))


class RabbitServer:
    """A node that can be stopped, frozen and started again on the same ports, with its data."""

    def __init__(self, directory: Path, configuration: Sequence[str] = ()) -> None:
        self.directory = directory
        self._programs = rabbitmq_programs()
        self._node = RabbitNode.on_free_ports(directory, configuration=configuration)
        self.port = self._node.port
        self.url = self._node.url
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        self._node.write()
        self._processes = [
            self._run(self._programs.epmd, "-port", str(self._node.epmd_port)),
            self._run(self._programs.server),
        ]
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
            guarded.ended(process)

    def freeze(self) -> None:
        """Stop answering, with connections open."""
        os.killpg(self._processes[-1].pid, signal.SIGSTOP)

    def thaw(self) -> None:
        if self._processes:
            os.killpg(self._processes[-1].pid, signal.SIGCONT)

    def control(self, *arguments: str) -> str:
        """What `rabbitmqctl` prints."""
        argv = [self._programs.control, "--quiet", *arguments]
        done = subprocess.run(
            argv,
            env=self._node.environ(),
            capture_output=True,
            text=True,
            timeout=CONTROL_S,
            check=True,
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
            return guarded.start(list(argv), env=self._node.environ(), stdout=log, stderr=log)

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
        if server._processes:
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
