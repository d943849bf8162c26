"""``--metrics-port``: a run's figures for a scraper, while it works.

A thread answers from the last snapshot that the run left behind; the run itself never waits for it,
and neither does the end of the command."""

import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from socketserver import TCPServer
from threading import Thread
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client.exposition import ThreadingWSGIServer
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST

from orchestrator.environment.ports import HOST
from orchestrator.errors import MetricsPortUnavailable
from orchestrator.report.live_metrics import live_text

if TYPE_CHECKING:
    from orchestrator.laboratory import Progress
    from orchestrator.records import Live

REFRESH_S = 1.0
POLL_S = 0.05
"""How often the thread looks whether it shall end: the command waits no longer for it."""
PATH = "/metrics"


class MetricsServer(AbstractContextManager["MetricsServer"]):
    """Serves on ``port`` of 127.0.0.1 (0: a free one) until the block is left. Raises
    `MetricsPortUnavailable` when the port cannot be had."""

    def __init__(self, port: int) -> None:
        self._shown: tuple[str, str, Live | None] = ("", "", None)
        try:
            self._server = make_server(HOST, port, self._answer, _Server, handler_class=_Silent)
        except OSError as exc:
            raise MetricsPortUnavailable(
                f"port {port} of {HOST} cannot be had for metrics: {exc.strerror}; choose another "
                "with --metrics-port (0: a free one)"
            ) from exc
        self._thread = Thread(
            target=self._server.serve_forever, args=(POLL_S,), name="metrics", daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self._server.server_port}{PATH}"

    def __enter__(self) -> "MetricsServer":
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def watch(self, progress: "Progress", name: str) -> "Watched":
        """A progress that shows here too what it is told of the run ``name``."""
        return Watched(progress, name, self._show)

    def _show(self, name: str, phase: str, live: "Live | None") -> None:
        self._shown = (name, phase, live)

    def _answer(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "GET":
            start_response("405 Method Not Allowed", [("Allow", "GET")])
            return [b""]
        if environ["PATH_INFO"] != PATH:
            start_response("404 Not Found", [("Content-Type", "text/plain; charset=utf-8")])
            return [f"see {PATH}\n".encode()]
        text = live_text(*self._shown).encode()
        start_response("200 OK", [("Content-Type", CONTENT_TYPE_LATEST)])
        return [text]


class _Server(ThreadingWSGIServer):
    """A scraper that hangs up, or says nothing, is not worth a traceback."""

    def server_bind(self) -> None:
        """As the standard library's, without asking the resolver for our own name."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, int(self.server_address[1])
        self.setup_environ()

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Silent(WSGIRequestHandler):
    """Writes no line for each request."""

    timeout = 5.0

    def log_message(self, format: str, *args: object) -> None:
        pass


class Watched:
    """Passes on what it is told, the live figures as often as ``progress`` wants them."""

    def __init__(
        self, progress: "Progress", name: str, show: "Callable[[str, str, Live | None], None]"
    ) -> None:
        self._progress = progress
        self._name = name
        self._show = show
        self._phase = ""
        self._due_s = progress.refresh_s

    @property
    def refresh_s(self) -> float:
        wanted = self._progress.refresh_s
        return REFRESH_S if wanted is None else min(REFRESH_S, wanted)

    def phase(self, text: str) -> None:
        self._phase = text
        self._due_s = self._progress.refresh_s
        self._show(self._name, text, None)
        self._progress.phase(text)

    def tick(self, live: "Live") -> None:
        self._show(self._name, self._phase, live)
        wanted = self._progress.refresh_s
        if wanted is not None and live.elapsed_s >= (self._due_s or 0.0):
            self._due_s = (live.elapsed_s // wanted + 1) * wanted
            self._progress.tick(live)
