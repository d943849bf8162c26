"""The server with a real scraper: over HTTP, on a free port."""

import http.client
import socket
import threading
import time
from typing import Any

import pytest

from orchestrator.cli.metrics_server import PATH, MetricsServer, Watched
from orchestrator.cli.progress import Silent
from orchestrator.errors import MetricsPortUnavailable
from orchestrator.records import Live
from tests.unit.cli.live_factory import make_live
from tests.unit.report.test_metric_families import samples


class Noted(Silent):
    """Notes what it is told."""

    def __init__(self, refresh_s: float | None) -> None:
        self.refresh_s = refresh_s
        self.phases: list[str] = []
        self.ticks: list[float] = []

    def phase(self, text: str) -> None:
        self.phases.append(text)

    def tick(self, live: Live) -> None:
        self.ticks.append(live.elapsed_s)


def ask(server: MetricsServer, path: str = PATH, method: str = "GET") -> tuple[int, str, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", _port(server), timeout=10)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), answer.headers
    finally:
        connection.close()


def _port(server: MetricsServer) -> int:
    return int(server.url.rpartition(":")[2].partition("/")[0])


def test_a_scraper_sees_the_run_as_it_stands() -> None:
    with MetricsServer(0) as server:
        progress = server.watch(Silent(), "mixed")
        progress.phase("starting the broker")
        status, text, headers = ask(server)
        assert status == 200
        assert headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
        assert ("orchestrator_run_info", "mixed", "starting the broker") in samples(text)
        progress.tick(make_live(in_flight=3))
        assert samples(ask(server)[1])[("orchestrator_in_flight",)] == 3
        progress.tick(make_live(in_flight=4))
        assert samples(ask(server)[1])[("orchestrator_in_flight",)] == 4
        progress.phase("judging")
        assert ("orchestrator_in_flight",) not in samples(ask(server)[1])


def test_other_paths_and_methods_are_refused() -> None:
    with MetricsServer(0) as server:
        assert ask(server, "/")[:2] == (404, "see /metrics\n")
        assert ask(server, method="POST")[0] == 405


def test_a_port_in_use_is_refused_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(MetricsPortUnavailable, match=f"port {port} of 127.0.0.1 cannot be had"):
            MetricsServer(port)


def test_it_listens_on_this_machine_only() -> None:
    with MetricsServer(0) as server:
        assert server.url.startswith("http://127.0.0.1:")
        assert server._server.server_address[0] == "127.0.0.1"


def test_the_end_waits_for_nobody_and_leaves_nothing() -> None:
    before = threading.active_count()
    with MetricsServer(0) as server:
        port = _port(server)
        # Connected, and as silent as a scraper that hangs.
        silent = socket.create_connection(("127.0.0.1", port))
        assert ask(server)[0] == 200
        began = time.monotonic()
    with silent:
        assert time.monotonic() - began < 1.0
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
    deadline = time.monotonic() + 10
    while threading.active_count() > before:
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)


def test_a_scraper_that_hangs_up_is_not_worth_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    with MetricsServer(0) as server:
        for words in (b"", b"GET", b"GET /metrics HTTP/1.1\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", _port(server))) as connection:
                connection.sendall(words)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        assert ask(server)[0] == 200
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "")


def shown(progress: Noted, refresh_s: float, until_s: float) -> list[float]:
    """When ``progress`` is told, of a run that ticks every ``refresh_s``."""
    watched = Watched(progress, "mixed", lambda *shown: None)
    assert watched.refresh_s == refresh_s
    watched.phase("sending")
    for turn in range(1, round(until_s / refresh_s) + 1):
        watched.tick(make_live(elapsed_s=turn * refresh_s + 0.001))
    assert progress.phases == ["sending"]
    return [round(at, 2) for at in progress.ticks]


def test_the_progress_is_told_as_often_as_it_wants_and_no_more() -> None:
    assert shown(Noted(5.0), 1.0, 16) == [5.0, 10.0, 15.0]
    assert shown(Noted(1.0), 1.0, 3) == [1.0, 2.0, 3.0]
    assert shown(Noted(0.25), 0.25, 1) == [0.25, 0.5, 0.75, 1.0]
    assert shown(Noted(None), 1.0, 3) == []
