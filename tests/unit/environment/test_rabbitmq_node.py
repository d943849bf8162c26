from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from orchestrator.environment import rabbitmq_node
from orchestrator.environment.rabbitmq_node import RabbitNode, find_rabbitmq
from orchestrator.errors import BrokerBinaryMissing


def program(path: Path) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


@pytest.fixture(autouse=True)
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rabbitmq_node, "PLACES", ())


def test_both_programs_are_needed(tmp_path: Path) -> None:
    environ = {"PATH": str(tmp_path)}
    server = program(tmp_path / "rabbitmq-server")
    with pytest.raises(BrokerBinaryMissing, match="apt-get install rabbitmq-server"):
        find_rabbitmq(environ)
    epmd = program(tmp_path / "epmd")
    programs = find_rabbitmq(environ)
    assert (programs.server, programs.epmd) == (str(server), str(epmd))
    assert programs.control == str(tmp_path / "rabbitmqctl")


def test_the_script_behind_debians_wrapper_is_used(tmp_path: Path) -> None:
    real = program(tmp_path / "lib" / "rabbitmq-server")
    wrapper = program(tmp_path / "lib" / "rabbitmq-script-wrapper")
    epmd = program(tmp_path / "bin" / "epmd")
    (tmp_path / "bin" / "rabbitmq-server").symlink_to(wrapper)
    programs = find_rabbitmq({"PATH": str(tmp_path / "bin")})
    assert (programs.server, programs.epmd) == (str(real), str(epmd))


def test_a_server_that_is_not_on_the_path_is_found_in_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = program(tmp_path / "lib" / "rabbitmq-server")
    program(tmp_path / "bin" / "epmd")
    monkeypatch.setattr(rabbitmq_node, "PLACES", ("/nowhere", str(tmp_path / "lib")))
    assert find_rabbitmq({"PATH": str(tmp_path / "bin")}).server == str(server)


def test_a_named_server_wins_and_must_be_there(tmp_path: Path) -> None:
    program(tmp_path / "bin" / "epmd")
    program(tmp_path / "bin" / "rabbitmq-server")
    mine = program(tmp_path / "mine" / "rabbitmq-server")
    environ = {"PATH": str(tmp_path / "bin"), "ORCHESTRATOR_RABBITMQ_BIN": str(mine)}
    assert find_rabbitmq(environ).server == str(mine)
    mine.unlink()
    with pytest.raises(BrokerBinaryMissing, match="ORCHESTRATOR_RABBITMQ_BIN names"):
        find_rabbitmq(environ)


def test_the_configuration_holds_the_login_and_is_private(tmp_path: Path) -> None:
    node = RabbitNode(
        tmp_path / "node", 1, 2, 3, user="me", password="s3 cret/", configuration=["a = b"]
    )
    node.write()
    path = tmp_path / "node" / "rabbitmq.conf"
    assert path.stat().st_mode & 0o777 == 0o600
    assert {"listeners.tcp.1 = 127.0.0.1:1", "default_user = me", "a = b"} <= set(
        path.read_text().splitlines()
    )
    parts = urlsplit(node.url)
    assert (parts.username, unquote(parts.password or ""), parts.port) == ("me", "s3 cret/", 1)
    assert "s3 cret" not in repr(node)


def test_the_environment_is_that_of_no_other_node(tmp_path: Path) -> None:
    base = {"PATH": "/bin", "RABBITMQ_NODENAME": "theirs", "ERL_FLAGS": "-x", "HOME": "/root"}
    environ = RabbitNode(tmp_path, 1, 2, 3).environ(base)
    assert environ["PATH"] == "/bin"
    assert environ["RABBITMQ_NODENAME"] == "orchestrator1@localhost"
    assert (environ["RABBITMQ_NODE_PORT"], environ["RABBITMQ_DIST_PORT"]) == ("1", "2")
    assert environ["ERL_EPMD_PORT"] == "3"
    assert "ERL_FLAGS" not in environ
    assert Path(environ["HOME"]).is_relative_to(tmp_path)


def test_a_node_on_free_ports_has_three_of_them(tmp_path: Path) -> None:
    node = RabbitNode.on_free_ports(tmp_path, user="me")
    assert len({node.port, node.distribution_port, node.epmd_port}) == 3
    assert node.user == "me"
