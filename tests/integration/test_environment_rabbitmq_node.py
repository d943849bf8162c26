"""A private RabbitMQ node of an ordinary user, whom neither the package nor the system knows."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import anyio
import psutil
import pytest

from orchestrator.environment.amqp_greeting import greeting
from orchestrator.environment.ports import HOST
from orchestrator.environment.rabbitmq_node import RabbitNode
from tests.integration.rabbitmq_fixture import rabbitmq_programs

ORDINARY = 54321
"""A user id that nobody has."""


@contextmanager
def started_by_them(argv: list[str], node: RabbitNode) -> Iterator["subprocess.Popen[bytes]"]:
    with (node.directory / "output.log").open("ab") as log:
        process = subprocess.Popen(
            argv,
            env=node.environ(),
            cwd=node.directory,
            stdout=log,
            stderr=log,
            user=ORDINARY,
            group=ORDINARY,
            extra_groups=[],
            start_new_session=True,
        )
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def theirs() -> list[str]:
    return [
        process.info["name"]
        for process in psutil.process_iter(["name", "uids", "status"])
        if process.info["uids"].real == ORDINARY and process.info["status"] != psutil.STATUS_ZOMBIE
    ]


def owned(directory: Path) -> None:
    for path in (directory, *directory.rglob("*")):
        os.chown(path, ORDINARY, ORDINARY)


@pytest.mark.skipif(
    os.geteuid() != 0, reason="who is not root is an ordinary user in all other tests"
)
async def test_it_runs_as_an_ordinary_user() -> None:
    programs = rabbitmq_programs()
    with tempfile.TemporaryDirectory(prefix="ordinary-") as place, ExitStack() as stack:
        node = RabbitNode.on_free_ports(Path(place))
        node.write()
        owned(node.directory)
        stack.enter_context(started_by_them([programs.epmd, "-port", str(node.epmd_port)], node))
        server = stack.enter_context(started_by_them([programs.server], node))
        deadline = time.monotonic() + 60
        while (said := await greeting(HOST, node.port, timeout_s=1)) is None:
            output = (node.directory / "output.log").read_text()
            assert server.poll() is None, output
            assert time.monotonic() < deadline, output
            await anyio.sleep(0.05)
        assert said.node_name == node.short_name
        assert {"epmd", "beam.smp"} <= set(theirs())
        stack.close()
        with anyio.fail_after(10):
            while theirs():  # noqa: ASYNC110
                await anyio.sleep(0.05)
