"""A blocking socket to Redis, with hiredis to read it: nothing between us and the server."""

import os
import socket
from typing import Any
from urllib.parse import unquote, urlsplit

import hiredis

from benchmarks.records import BenchmarkError

READ_BYTES = 1 << 18
ANSWER_S = 100.0


def broker_url() -> str:
    return os.environ["CELERY_BROKER_URL"]


def results_url() -> str:
    return os.environ["CELERY_RESULT_BACKEND"]


def packed(*command: Any) -> bytes:
    """A command as it goes over the wire."""
    arguments: Any = command  # hiredis' own types allow one argument only
    command_bytes: bytes = hiredis.pack_command(arguments)
    return command_bytes


class RawRedis:
    """``url`` is redis://[:password@]host:port/db."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._socket = socket.create_connection((parts.hostname, parts.port), timeout=ANSWER_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reader = hiredis.Reader()
        if parts.password:
            self.execute("AUTH", unquote(parts.password))
        self.execute("SELECT", parts.path.lstrip("/") or "0")

    def execute(self, *command: Any) -> Any:
        """Send one command, give its reply. Raises `BenchmarkError` for an error reply."""
        self.send(packed(*command))
        return self.receive(1)[0]

    def send(self, packed: bytes) -> None:
        self._socket.sendall(packed)

    def receive(self, count: int) -> list[Any]:
        """As many replies. Raises `BenchmarkError` for an error among them."""
        replies: list[Any] = []
        while len(replies) < count:
            reply = self._reader.gets()
            if reply is False:
                self._feed()
            elif isinstance(reply, hiredis.ReplyError):
                raise BenchmarkError(f"Redis refused: {reply}")
            else:
                replies.append(reply)
        return replies

    def close(self) -> None:
        self._socket.close()

    def _feed(self) -> None:
        data = self._socket.recv(READ_BYTES)
        if not data:
            raise BenchmarkError("Redis closed the connection")
        self._reader.feed(data)
