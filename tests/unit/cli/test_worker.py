import socket
import threading
from typing import Any

import pytest
from click.testing import CliRunner

from orchestrator.cli.worker import command, wait_for_broker
from orchestrator.environment import variables
from orchestrator.errors import BrokerUnavailable, EnvironmentNotReady


def test_it_gives_up_with_a_clear_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refused
        port = taken.getsockname()[1]
        with pytest.raises(EnvironmentNotReady, match=f"no broker answers at 127.0.0.1:{port}"):
            wait_for_broker(f"redis://:secret@127.0.0.1:{port}/0", 0.2)


def test_another_kind_of_broker_is_left_to_celery() -> None:
    wait_for_broker("sqs://key:secret@", 0.2)


def hang_up(server: socket.socket) -> None:
    """On the question whether somebody listens, and on the first who means it."""
    for _ in range(2):
        server.accept()[0].close()


@pytest.mark.parametrize("broker", ["amqp://u:hunter2@127.0.0.1:{}//", "rediss://127.0.0.1:{}/0"])
def test_a_server_of_another_kind_is_said(broker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.environment.redis_check.CHECK_TIMEOUT_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=hang_up, args=(server,))
        thread.start()
        with pytest.raises(BrokerUnavailable) as caught:
            wait_for_broker(broker.format(server.getsockname()[1]), 5.0)
        thread.join()
    assert "hunter2" not in str(caught.value)


def becomes(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[str, dict[str, Any], str]:
    """The command line and the environment that the process goes on with, and what it says."""
    became: list[Any] = []
    monkeypatch.setattr("os.execve", lambda *what: became.extend(what))
    done = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    return " ".join(became[1]), became[2], done.output


def test_the_options_are_celerys(monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ["add", "--pool=threads", "-c4", "-Q", "a,b", "-E", "--prefetch-multiplier=1"]
    argv, environ, said = becomes(monkeypatch, *arguments)
    for option in ("-P threads", "-c 4", "-Q a,b", "-n add@%h", "-E", "--prefetch-multiplier 1"):
        assert f" {option}" in argv
    assert argv.endswith("-l INFO")
    assert variables.BRIEF not in environ
    assert said == ""


def test_brief_says_in_a_line_what_the_banner_would(monkeypatch: pytest.MonkeyPatch) -> None:
    argv, environ, said = becomes(monkeypatch, "add", "--pool=gevent", "-c50", "--brief")
    assert " -q worker " in argv
    assert environ[variables.BRIEF]
    assert said == "gevent x 50, queues add\n"
