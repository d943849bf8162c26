import sys
from pathlib import Path

import pytest

from orchestrator.environment import redis_server
from orchestrator.environment.guardian import Guardian, open_guardian
from orchestrator.environment.redis_binary import RedisBinary
from orchestrator.environment.redis_server import new_password, open_redis
from orchestrator.errors import BrokerUnavailable


def pretend(monkeypatch: pytest.MonkeyPatch, folder: Path, code: str) -> None:
    """Put a program in the place of the server."""
    program = folder / "server"
    program.write_text(f"#!{sys.executable}\n{code}\n")
    program.chmod(0o755)
    binary = RedisBinary(str(program), "redis", "7.0.0")
    monkeypatch.setattr(redis_server, "find_binary", lambda kind: binary)


def making(folder: Path, password: str | None, *, durable: bool = False) -> redis_server._Make:
    return redis_server._Make(
        guardian=Guardian(folder, pid=0, pipe=-1),
        binary=RedisBinary("/bin/redis-server", "redis", "7.0.0"),
        password=password,
        log_path=folder / "log",
        durable=durable,
        ready_timeout_s=1.0,
    )


def test_passwords_are_long_and_new_and_need_no_quoting() -> None:
    one, other = new_password(), new_password()
    assert one != other
    assert len(one) >= 32
    assert one.replace("-", "").replace("_", "").isalnum()


def test_any_text_is_one_word_of_the_configuration() -> None:
    assert redis_server._quoted('a"\n') == '"\\x61\\x22\\x0a"'


def test_the_configuration_is_private(tmp_path: Path) -> None:
    path = redis_server._write_config(making(tmp_path, "secret"), 1234)
    assert path.stat().st_mode & 0o777 == 0o600
    lines = path.read_text().splitlines()
    assert {"bind 127.0.0.1", "port 1234", 'save ""', "appendonly no"} <= set(lines)
    assert f"requirepass {redis_server._quoted('secret')}" in lines
    without = redis_server._write_config(making(tmp_path, None), 1234).read_text()
    assert "requirepass" not in without
    durable = redis_server._write_config(making(tmp_path, None, durable=True), 1234).read_text()
    assert "appendonly yes" in durable.splitlines()


async def test_a_server_that_ends_at_once_is_said_with_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, tmp_path, "import sys; print('no memory'); sys.exit(3)")
    async with open_guardian() as guardian:
        with pytest.raises(BrokerUnavailable, match=r"(?s)exit code 3.*no memory"):
            async with open_redis(guardian, log_path=tmp_path / "log", password="x"):
                raise AssertionError("not reached")


async def test_a_server_that_never_answers_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, tmp_path, "import time; time.sleep(60)")
    async with open_guardian() as guardian:
        with pytest.raises(BrokerUnavailable, match=r"did not answer in 0\.2 s"):
            async with open_redis(
                guardian, log_path=tmp_path / "log", password="x", ready_timeout_s=0.2
            ):
                raise AssertionError("not reached")


async def test_another_port_is_taken_when_the_first_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between choosing a port and binding it another process may come."""
    pretend(monkeypatch, tmp_path, "print('bind: Address already in use'); raise SystemExit(1)")
    async with open_guardian() as guardian:
        with pytest.raises(BrokerUnavailable, match=r"No free port .* in 5 tries"):
            async with open_redis(guardian, log_path=tmp_path / "log", password="x"):
                raise AssertionError("not reached")
