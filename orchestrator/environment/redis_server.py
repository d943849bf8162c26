"""A private Redis or Valkey: started, checked, and gone with us.

It listens on the loopback interface and not on a unix socket: kombu and Celery's result backend
write the address of a socket in two different ways (`redis+socket://`), users' tools do not know
either, and `redis://` is what the same scenario uses against a real server.
"""

import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import quote

import anyio
import anyio.to_thread

from orchestrator.environment.child import Child, start_child
from orchestrator.environment.guardian import Guardian
from orchestrator.environment.ports import HOST, free_ports
from orchestrator.environment.private_server import PrivateServer, ended
from orchestrator.environment.redis_binary import BrokerKind, RedisBinary, find_binary
from orchestrator.environment.redis_check import check_redis
from orchestrator.errors import BrokerUnavailable
from orchestrator.records import BrokerInfo

_READY_S = 10.0
_POLL_S = 0.02
_STOP_S = 2.0
_PORT_TRIES = 5

_CONFIG = """\
bind {host}
port {port}
protected-mode yes
{requirepass}
daemonize no
supervised no
databases 16
save ""
appendonly {appendonly}
maxmemory-policy noeviction
dir {directory}
logfile ""
"""


class _PortTaken(BrokerUnavailable):
    """The port of the private broker was taken by somebody else before the broker had it."""


def new_password() -> str:
    """A password that nobody else knows (192 random bits)."""
    return secrets.token_urlsafe(24)


@asynccontextmanager
async def open_redis(
    guardian: Guardian,
    *,
    log_path: Path,
    kind: BrokerKind = "embedded",
    port: int | None = None,
    password: str | None,
    durable: bool = False,
    ready_timeout_s: float = _READY_S,
) -> AsyncIterator[PrivateServer]:
    """Start a private server; it is stopped on leaving. Only a `durable` one keeps on disk what it
    has stored, as long as it is open: for being started again.

    `port` None: a free one. `password` None: none (the server still listens on the loopback only).
    Raises BrokerBinaryMissing, or BrokerUnavailable when it does not answer in `ready_timeout_s`.
    """
    binary = await anyio.to_thread.run_sync(find_binary, kind)
    make = _Make(guardian, binary, password, log_path, durable, ready_timeout_s)
    server = await _start_on_free_port(make, port)
    try:
        yield server
    finally:
        await server.child.stop(warm_s=_STOP_S)


@dataclass(frozen=True, slots=True)
class _Make:
    """What a server is made of, besides its port."""

    guardian: Guardian
    binary: RedisBinary
    password: str | None
    log_path: Path
    durable: bool
    ready_timeout_s: float

    def url(self, port: int) -> str:
        login = f":{quote(self.password, safe='')}@" if self.password else ""
        return f"redis://{login}{HOST}:{port}/0"

    async def child(self, port: int) -> tuple[Child, str]:
        """A process that answers, and its version."""
        config = _write_config(self, port)
        child = await start_child(
            [self.binary.path, str(config)],
            name=f"{self.binary.product}-server",
            log_path=self.log_path,
            guardian=self.guardian,
        )
        try:
            return child, await _ready(child, self.url(port), self.ready_timeout_s)
        except BaseException:
            await child.stop(warm_s=0.0)
            raise

    async def again(self, port: int) -> Child:
        child, _ = await self.child(port)
        return child


async def _start_on_free_port(make: _Make, port: int | None) -> PrivateServer:
    for _ in range(_PORT_TRIES):
        chosen = port if port is not None else free_ports(1)[0]
        try:
            return await _start(make, chosen)
        except _PortTaken as taken:
            if port is not None:
                raise BrokerUnavailable(f"Port {port} of {HOST} is taken.") from taken
    raise BrokerUnavailable(f"No free port was found on {HOST} in {_PORT_TRIES} tries.")


async def _start(make: _Make, port: int) -> PrivateServer:
    child, version = await make.child(port)
    url = make.url(port)
    info = BrokerInfo(
        kind=make.binary.product,
        version=version,
        path=make.binary.path,
        url=url,
        results_url=url,
    )
    return PrivateServer(info, child, partial(make.again, port))


async def _ready(child: Child, url: str, timeout_s: float) -> str:
    """Ask until it answers; gives its version."""
    refused: BrokerUnavailable | None = None
    with anyio.move_on_after(timeout_s):
        while child.exit_code is None:
            try:
                identity = await check_redis(url, timeout_s=timeout_s)
                if identity.pid == child.pid:  # and not another server that has the port
                    return identity.version
            except BrokerUnavailable as exc:
                refused = exc
            await anyio.sleep(_POLL_S)
    if child.exit_code is None:
        raise BrokerUnavailable(f"{child.name} did not answer in {timeout_s:g} s.") from refused
    if any("in use" in line for line in child.log_tail()):
        raise _PortTaken
    raise BrokerUnavailable(ended(child, child.exit_code, "ended before it was ready"))


def _write_config(make: _Make, port: int) -> Path:
    """A file of mode 0600, because argv and the environment can be read by others."""
    directory = make.guardian.directory / f"redis-{port}"
    directory.mkdir(mode=0o700, exist_ok=True)
    path = directory / "redis.conf"
    text = _CONFIG.format(
        host=HOST,
        port=port,
        requirepass=f"requirepass {_quoted(make.password)}" if make.password else "",
        appendonly="yes" if make.durable else "no",
        directory=_quoted(str(directory)),
    )
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    return path


def _quoted(value: str) -> str:
    """Any string as one word of redis.conf."""
    return '"' + "".join(f"\\x{byte:02x}" for byte in os.fsencode(value)) + '"'
