"""A private RabbitMQ: started, checked, and gone with us, its port mapper too.

It keeps nothing that anybody needs later, so it is killed rather than asked to stop.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.to_thread

from orchestrator.environment.amqp_greeting import Greeting, greeting
from orchestrator.environment.child import Child, start_child
from orchestrator.environment.guardian import Guardian
from orchestrator.environment.ports import HOST
from orchestrator.environment.private_server import PrivateServer, ended, tail
from orchestrator.environment.rabbitmq_node import RabbitNode, RabbitPrograms, find_rabbitmq
from orchestrator.errors import BrokerUnavailable
from orchestrator.records import BrokerInfo

USER = "orchestrator"
RPC_URL = "rpc://"
_READY_S = 60.0
_POLL_S = 0.05
_GREETING_S = 1.0
_PORT_TRIES = 3


class _PortTaken(BrokerUnavailable):
    """A port of the private broker was taken by somebody else before the broker had it."""


@asynccontextmanager
async def open_rabbitmq(
    guardian: Guardian,
    *,
    log_path: Path,
    password: str,
    configuration: Sequence[str] = (),
    ready_timeout_s: float = _READY_S,
) -> AsyncIterator[PrivateServer]:
    """Start a private node that listens on the loopback; it is gone on leaving.

    ``configuration`` are more lines of rabbitmq.conf. Raises BrokerBinaryMissing, or
    BrokerUnavailable when it is not ready in ``ready_timeout_s`` (6 s are usual).
    """
    programs = await anyio.to_thread.run_sync(find_rabbitmq)
    for attempt in range(_PORT_TRIES):
        node = RabbitNode.on_free_ports(
            guardian.directory / f"rabbitmq-{attempt}",
            user=USER,
            password=password,
            configuration=configuration,
        )
        try:
            async with _running(guardian, programs, node, log_path, ready_timeout_s) as server:
                yield server
                return
        except _PortTaken:
            continue
    raise BrokerUnavailable(f"No free ports were found on {HOST} in {_PORT_TRIES} tries.")


@asynccontextmanager
async def _running(
    guardian: Guardian,
    programs: RabbitPrograms,
    node: RabbitNode,
    log_path: Path,
    ready_timeout_s: float,
) -> AsyncIterator[PrivateServer]:
    node.write()
    # A node that finds no port mapper starts one as a daemon, which nobody would end.
    mapper = await start_child(
        [programs.epmd, "-port", str(node.epmd_port)],
        name="epmd",
        log_path=log_path,
        guardian=guardian,
        env=node.environ(),
    )

    async def start() -> tuple[Child, Greeting]:
        return await _start(guardian, programs, node, log_path, ready_timeout_s)

    async def again() -> Child:
        child, _ = await start()
        return child

    try:
        child, said = await start()
        info = BrokerInfo("rabbitmq", said.version, programs.server, node.url, RPC_URL)
        server = PrivateServer(info, child, again)
        try:
            yield server
        finally:
            await server.child.stop(warm_s=0.0)
    finally:
        await mapper.stop(warm_s=0.0)


async def _start(
    guardian: Guardian,
    programs: RabbitPrograms,
    node: RabbitNode,
    log_path: Path,
    ready_timeout_s: float,
) -> tuple[Child, Greeting]:
    """A process of the node that answers, and what it said."""
    child = await start_child(
        [programs.server],
        name="rabbitmq-server",
        log_path=log_path,
        guardian=guardian,
        env=node.environ(),
        cwd=node.directory,
    )
    try:
        return child, await _ready(child, node, ready_timeout_s)
    except BaseException:
        await child.stop(warm_s=0.0)
        raise


async def _ready(child: Child, node: RabbitNode, timeout_s: float) -> Greeting:
    """Ask until it answers, and is not another broker that has the port."""
    with anyio.move_on_after(timeout_s):
        while child.exit_code is None:
            said = await greeting(HOST, node.port, timeout_s=_GREETING_S)
            if said is not None and said.node_name == node.short_name:
                return said
            await anyio.sleep(_POLL_S)
    if child.exit_code is None:
        raise BrokerUnavailable(tail(child, f"did not answer in {timeout_s:g} s"))
    if any("eaddrinuse" in line or "in use" in line for line in child.log_tail(200)):
        raise _PortTaken
    raise BrokerUnavailable(ended(child, child.exit_code, "ended before it was ready"))
