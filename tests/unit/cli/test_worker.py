import socket
import threading

import pytest

from orchestrator.cli.worker import wait_for_broker
from orchestrator.errors import EnvironmentNotReady


def test_it_returns_once_the_broker_accepts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        wait_for_broker(f"redis://127.0.0.1:{server.getsockname()[1]}/0", 5.0)


def test_it_waits_for_a_broker_that_comes_later() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    servers: list[socket.socket] = []
    timer = threading.Timer(0.3, lambda: servers.append(socket.create_server(("127.0.0.1", port))))
    timer.start()
    wait_for_broker(f"redis://127.0.0.1:{port}/0", 10.0)
    timer.join()
    servers[0].close()


def test_it_gives_up_with_a_clear_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refused
        port = taken.getsockname()[1]
        with pytest.raises(EnvironmentNotReady, match=f"no broker answers at 127.0.0.1:{port}"):
            wait_for_broker(f"redis://:secret@127.0.0.1:{port}/0", 0.2)
