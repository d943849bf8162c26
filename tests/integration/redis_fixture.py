"""A real Redis and a real stock worker for the integration tests of the client.

Servers listen on free ports and keep their files in a temporary directory; every process is ended
by its own id.
"""

import gc
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import kombu.pools
import pytest
import redis
from celery import _state

from tests import guarded

HERE = Path(__file__).parent
START_S = 20
STOP_S = 10
WORKER_START_S = 60


def redis_binary() -> str:
    beside_python = Path(sys.executable).with_name("redis-server")
    found = shutil.which("redis-server") or (beside_python.exists() and str(beside_python))
    if not found:
        pytest.skip("no redis-server on PATH or beside Python")
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def worker_python() -> str:
    """The Python of the workers. `scripts/test-celery-line` names that of another line of
    Celery."""
    return os.environ.get("WORKER_PYTHON", sys.executable)


class RedisServer:
    """A redis-server that can be stopped, frozen and started again on the same port."""

    def __init__(self, directory: Path, options: Sequence[str] = ()) -> None:
        self.directory = directory
        self.port = free_port()
        self.socket_path = directory / "redis.sock"
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, db: int = 0) -> str:
        return f"redis://127.0.0.1:{self.port}/{db}"

    def client(self, db: int = 0) -> "redis.Redis":
        return redis.Redis(port=self.port, db=db)

    def start(self) -> None:
        argv = [redis_binary(), "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        argv += ["--unixsocket", str(self.socket_path), "--dir", str(self.directory)]
        with (self.directory / "redis.log").open("ab") as log:
            self._process = guarded.start([*argv, *self._options], stdout=log, stderr=log)
        deadline = time.monotonic() + START_S
        while not self._answers():
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError((self.directory / "redis.log").read_text()[-2000:])
            time.sleep(0.01)

    def stop(self, *, by: signal.Signals = signal.SIGTERM) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(by)
            process.wait(STOP_S)
            guarded.ended(process)

    def freeze(self) -> None:
        """Stop answering, with connections open."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return bool(connection.recv(16))
        except OSError:
            return False


@contextmanager
def running_redis(directory: Path, *options: str) -> Iterator[RedisServer]:
    server = RedisServer(directory, options)
    server.start()
    try:
        yield server
    finally:
        if server._process is not None:
            server.thaw()
        server.stop(by=signal.SIGKILL)


@dataclass(frozen=True)
class Lab:
    """A Redis, the test app, and perhaps a worker on it."""

    redis: RedisServer
    module: ModuleType
    worker_log: Path

    @property
    def app(self) -> Any:
        return self.module.app


def load_client_app(settings: Mapping[str, Any]) -> ModuleType:
    """`client_app`, configured; under the name that the worker knows it by."""
    spec = importlib.util.spec_from_file_location("client_app", HERE / "client_app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["client_app"] = module  # where Celery looks for the app's own exceptions
    finalizers = set(_state._on_app_finalizers)
    os.environ["CLIENT_APP_SETTINGS"] = json.dumps(settings)
    try:
        spec.loader.exec_module(module)
        module.app.finalize()
    finally:
        del os.environ["CLIENT_APP_SETTINGS"]
        # Celery would give these tasks to every app of the process that is finalized later.
        _state._on_app_finalizers.intersection_update(finalizers)
    return module


@contextmanager
def lab(
    directory: Path, settings: Mapping[str, Any] | None = None, *, worker: bool = True
) -> Iterator[Lab]:
    """Everything a client needs. ``settings`` are Celery's, for the worker and for the client."""
    with running_redis(directory) as server:
        settings = {
            "broker_url": server.url(0),
            "result_backend": server.url(1),
            **(settings or {}),
        }
        made = Lab(server, load_client_app(settings), directory / "worker.log")
        with running_worker(made, settings) if worker else nullcontext():
            yield made
            _let_go(made.app)


def _let_go(app: Any) -> None:
    """Close what stock Celery opened in this process, while the server is still there.

    A stock result talks to its backend even when it is deleted: make that find nothing to do.
    """
    kombu.pools.reset()  # type: ignore[no-untyped-call]
    if hasattr(app.backend, "result_consumer"):
        let_go_of_results(app)
        gc.collect()


def let_go_of_results(app: Any) -> None:
    """Close this thread's stock result backend, and make results that are deleted later find
    nothing to do."""
    consumer = app.backend.result_consumer
    consumer.stop()
    consumer._pubsub = None
    consumer.subscribed_to.clear()
    for pending in app.backend._pending_results:
        pending.clear()
    app.backend.client.close()
    app.backend.client.connection_pool.disconnect()
    vars(app._local).pop("backend", None)


@contextmanager
def running_worker(
    made: Lab, settings: Mapping[str, Any], *, await_ready: bool = True
) -> Iterator[None]:
    """A stock worker on all queues of the app; ready, unless that is not to be waited for."""
    argv = [worker_python(), "-m", "celery", "-A", "client_app", "worker", "-l", "WARNING"]
    argv += ["-P", "threads", "-c", "4", "--without-gossip", "--without-mingle"]
    # C_FORCE_ROOT: a worker that accepts pickle does not start as root otherwise.
    environ = {**os.environ, "CLIENT_APP_SETTINGS": json.dumps(settings), "C_FORCE_ROOT": "1"}
    with made.worker_log.open("ab") as log:
        process = guarded.start(argv, cwd=HERE, env=environ, stdout=log, stderr=log)
    try:
        if await_ready:
            _wait_until_ready(made, process)
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_S)
        guarded.ended(process)


def _wait_until_ready(made: Lab, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + WORKER_START_S
    while not made.app.control.ping(timeout=0.3):
        if time.monotonic() > deadline or process.poll() is not None:
            raise RuntimeError(made.worker_log.read_text()[-4000:])
