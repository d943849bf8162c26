"""A private RabbitMQ: started, checked, and gone with us, its port mapper too.

It keeps nothing that anybody needs later, so it is killed rather than asked to stop.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.to_thread

from orchestrator.environment.amqp_greeting import Greeting, greeting
from orchestrator.environment.child import Child, start_child
from orchestrator.environment.guardian import Guardian
from orchestrator.environment.ports import HOST
from orchestrator.environment.rabbitmq_node import RabbitNode, RabbitPrograms, find_rabbitmq
from orchestrator.errors import BrokerUnavailable
from orchestrator.records import BrokerInfo

USER = "orchestrator"
RPC_URL = "rpc://"
_READY_S = 60.0
_POLL_S = 0.05
_GREETING_S = 1.0
_PORT_TRIES = 3


class _PortTaken(Exception):
    """Somebody took a port between our choosing it and the node's binding it."""


@dataclass(frozen=True, slots=True)
class RabbitServer:
    """A running private node. ``info.results_url`` is that of Celery's rpc backend."""

    info: BrokerInfo
    node: RabbitNode
    child: Child

    async def supervise(self) -> None:
        """Returns when the node was stopped by us; raises BrokerUnavailable when it died."""
        code = await self.child.wait()
        if not self.child.stopping:
            raise BrokerUnavailable(_ended(self.child, code, "died"))


@asynccontextmanager
async def open_rabbitmq(
    guardian: Guardian,
    *,
    log_path: Path,
    password: str,
    configuration: Sequence[str] = (),
    ready_timeout_s: float = _READY_S,
) -> AsyncIterator[RabbitServer]:
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
) -> AsyncIterator[RabbitServer]:
    node.write()
    environ = node.environ()
    # A node that finds no port mapper starts one as a daemon, which nobody would end.
    mapper = await start_child(
        [programs.epmd, "-port", str(node.epmd_port)],
        name="epmd",
        log_path=log_path,
        guardian=guardian,
        env=environ,
    )
    try:
        child = await start_child(
            [programs.server],
            name="rabbitmq-server",
            log_path=log_path,
            guardian=guardian,
            env=environ,
            cwd=node.directory,
        )
        try:
            said = await _ready(child, node, ready_timeout_s)
            info = BrokerInfo("rabbitmq", said.version, programs.server, node.url, RPC_URL)
            yield RabbitServer(info, node, child)
        finally:
            await child.stop(warm_s=0.0)
    finally:
        await mapper.stop(warm_s=0.0)


async def _ready(child: Child, node: RabbitNode, timeout_s: float) -> Greeting:
    """Ask until it answers, and is not another broker that has the port."""
    with anyio.move_on_after(timeout_s):
        while child.exit_code is None:
            said = await greeting(HOST, node.port, timeout_s=_GREETING_S)
            if said is not None and said.node_name == node.short_name:
                return said
            await anyio.sleep(_POLL_S)
    if child.exit_code is None:
        raise BrokerUnavailable(_tail(child, f"did not answer in {timeout_s:g} s"))
    if any("eaddrinuse" in line or "in use" in line for line in child.log_tail(200)):
        raise _PortTaken
    raise BrokerUnavailable(_ended(child, child.exit_code, "ended before it was ready"))


def _ended(child: Child, code: int, how: str) -> str:
    return _tail(child, f"{how} (exit code {code})")


def _tail(child: Child, how: str) -> str:
    tail = "\n".join(child.log_tail())
    return f"{child.name} {how}; the end of {child.log_path}:\n{tail}"
