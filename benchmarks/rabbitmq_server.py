"""A private RabbitMQ for the length of a benchmark."""

import os
import shutil
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import anyio

from benchmarks.records import BenchmarkError
from orchestrator.environment.child import Child, start_child
from orchestrator.environment.guardian import Guardian

HOST = "127.0.0.1"
START_S = 60.0
_STOP_S = 10.0
_POLL_S = 0.1
_READY_LINE = "Server startup complete"


def find_programs() -> tuple[str, str] | None:
    """The absolute paths of `rabbitmq-server` and of Erlang's `epmd`; None without either.

    Debian wraps the former in a script that changes the user and therefore cannot keep its files in
    a private directory; the real one stands beside what the wrapper links to.
    """
    found, epmd = shutil.which("rabbitmq-server"), shutil.which("epmd")
    if found is None or epmd is None:
        return None
    real = Path(found).resolve().with_name("rabbitmq-server")
    return (str(real) if real.exists() else found), epmd


@asynccontextmanager
async def open_rabbitmq(guardian: Guardian) -> AsyncIterator[str]:
    """Start one that listens on the loopback and keeps its files in the guardian's directory.

    Gives its URL. Raises `BenchmarkError` when it is not ready in `START_S` seconds.
    """
    programs = find_programs()
    if programs is None:
        raise BenchmarkError("no rabbitmq-server and epmd on PATH")
    server, epmd = programs
    directory = guardian.directory / "rabbitmq"
    directory.mkdir()
    port, distribution_port, epmd_port = _free_ports(3)
    environ = _environ(directory, port, distribution_port, epmd_port)
    # A server that finds no epmd starts one as a daemon, which nobody would end.
    mapper = await start_child(
        [epmd, "-port", str(epmd_port)],
        name="epmd",
        log_path=directory / "epmd.log",
        guardian=guardian,
        env=environ,
    )
    try:
        child = await start_child(
            [server], name="rabbitmq", log_path=directory / "log", guardian=guardian, env=environ
        )
        try:
            await _ready(child)
            yield f"amqp://guest:guest@{HOST}:{port}//"
        finally:
            await child.stop(warm_s=_STOP_S)
    finally:
        await mapper.stop(warm_s=1.0)


async def _ready(child: Child) -> None:
    with anyio.move_on_after(START_S):
        while child.exit_code is None:
            if any(_READY_LINE in line for line in child.log_tail(5)):
                return
            await anyio.sleep(_POLL_S)
    tail = "\n".join(child.log_tail())
    raise BenchmarkError(f"RabbitMQ was not ready in {START_S:g} s:\n{tail}")


def _environ(
    directory: Path, port: int, distribution_port: int, epmd_port: int
) -> Mapping[str, str]:
    (directory / "plugins").write_text("[].\n")
    nowhere = str(directory / "none")
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("RABBITMQ_")},
        "HOME": str(directory),
        "ERL_EPMD_PORT": str(epmd_port),
        "RABBITMQ_NODENAME": f"bench{uuid4().hex[:8]}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": HOST,
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(distribution_port),
        "RABBITMQ_MNESIA_BASE": str(directory / "mnesia"),
        "RABBITMQ_LOG_BASE": str(directory),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(directory / "plugins"),
        "RABBITMQ_PID_FILE": str(directory / "pid"),
        "RABBITMQ_CONFIG_FILE": nowhere,
        "RABBITMQ_ADVANCED_CONFIG_FILE": nowhere,
        "RABBITMQ_CONF_ENV_FILE": nowhere,
        "RABBITMQ_GENERATED_CONFIG_DIR": str(directory / "generated"),
    }


def _free_ports(count: int) -> list[int]:
    """All at once, so that they differ."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind((HOST, 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()
