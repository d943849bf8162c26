from pathlib import Path

import pytest

from benchmarks import rabbitmq_server
from benchmarks.rabbitmq_server import find_programs


def program(path: Path) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_both_programs_are_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    program(tmp_path / "rabbitmq-server")
    assert find_programs() is None
    epmd = program(tmp_path / "epmd")
    assert find_programs() == (str(tmp_path / "rabbitmq-server"), str(epmd))


def test_the_script_behind_debians_wrapper_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = program(tmp_path / "lib" / "rabbitmq-server")
    wrapper = program(tmp_path / "lib" / "rabbitmq-script-wrapper")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "rabbitmq-server").symlink_to(wrapper)
    epmd = program(tmp_path / "bin" / "epmd")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert find_programs() == (str(real), str(epmd))


def test_free_ports_differ() -> None:
    assert len(set(rabbitmq_server._free_ports(3))) == 3
