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
from pathlib import Path
from urllib.parse import quote

import anyio
import anyio.to_thread

from orchestrator.environment.child import Child, start_child
from orchestrator.environment.guardian import Guardian
from orchestrator.environment.ports import HOST, free_ports
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
appendonly no
maxmemory-policy noeviction
dir {directory}
logfile ""
"""


class _PortTaken(Exception):
    """Somebody took the port between our choosing it and the server's binding it."""


@dataclass(frozen=True, slots=True)
class RedisServer:
    """A running private server. `child.wait()` ends when it does."""

    info: BrokerInfo
    child: Child

    async def supervise(self) -> None:
        """Returns when the server was stopped by us; raises BrokerUnavailable when it died."""
        code = await self.child.wait()
        if not self.child.stopping:
            raise BrokerUnavailable(_ended(self.child, code, "died"))


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
    ready_timeout_s: float = _READY_S,
) -> AsyncIterator[RedisServer]:
    """Start a private server that keeps nothing on disk; it is stopped on leaving.

    `port` None: a free one. `password` None: none (the server still listens on the loopback only).
    Raises BrokerBinaryMissing, or BrokerUnavailable when it does not answer in `ready_timeout_s`.
    """
    binary = await anyio.to_thread.run_sync(find_binary, kind)
    server = await _start_on_free_port(guardian, binary, port, password, log_path, ready_timeout_s)
    try:
        yield server
    finally:
        await server.child.stop(warm_s=_STOP_S)


async def _start_on_free_port(
    guardian: Guardian,
    binary: RedisBinary,
    port: int | None,
    password: str | None,
    log_path: Path,
    ready_timeout_s: float,
) -> RedisServer:
    for _ in range(_PORT_TRIES):
        chosen = port if port is not None else free_ports(1)[0]
        try:
            return await _start(guardian, binary, chosen, password, log_path, ready_timeout_s)
        except _PortTaken as taken:
            if port is not None:
                raise BrokerUnavailable(f"Port {port} of {HOST} is taken.") from taken
    raise BrokerUnavailable(f"No free port was found on {HOST} in {_PORT_TRIES} tries.")


async def _start(
    guardian: Guardian,
    binary: RedisBinary,
    port: int,
    password: str | None,
    log_path: Path,
    ready_timeout_s: float,
) -> RedisServer:
    config = _write_config(guardian.directory, port, password)
    child = await start_child(
        [binary.path, str(config)],
        name=f"{binary.product}-server",
        log_path=log_path,
        guardian=guardian,
    )
    try:
        login = f":{quote(password, safe='')}@" if password else ""
        url = f"redis://{login}{HOST}:{port}/0"
        version = await _ready(child, url, ready_timeout_s)
    except BaseException:
        await child.stop(warm_s=0.0)
        raise
    info = BrokerInfo(
        kind=binary.product, version=version, path=binary.path, url=url, results_url=url
    )
    return RedisServer(info, child)


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
    raise BrokerUnavailable(_ended(child, child.exit_code, "ended before it was ready"))


def _write_config(directory: Path, port: int, password: str | None) -> Path:
    """A file of mode 0600, because argv and the environment can be read by others."""
    path = directory / f"redis-{port}.conf"
    requirepass = f"requirepass {_quoted(password)}" if password else ""
    text = _CONFIG.format(
        host=HOST, port=port, requirepass=requirepass, directory=_quoted(str(directory))
    )
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    return path


def _quoted(value: str) -> str:
    """Any string as one word of redis.conf."""
    return '"' + "".join(f"\\x{byte:02x}" for byte in os.fsencode(value)) + '"'


def _ended(child: Child, code: int, how: str) -> str:
    tail = "\n".join(child.log_tail())
    return f"{child.name} {how} (exit code {code}); the end of {child.log_path}:\n{tail}"
