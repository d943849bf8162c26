"""The tutorial as it is told: a Redis, one ``celery worker`` per module, one client per task.

Everything runs as processes of its own, with Python's default limit on digits. A task that is sent
before its worker is up waits in its queue, so nothing here waits for a worker to be ready.
"""

import gc
import math
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from celery import chain, chord, group

from tasks.application import App
from tasks.mat_mul_module import expected_product
from tests import guarded

ROOT = Path(__file__).resolve().parents[2]
READY_S = 20
CALL_S = 60
STOP_S = 20


def redis_binary() -> str:
    beside_python = Path(sys.executable).with_name("redis-server")
    found = shutil.which("redis-server") or (beside_python.exists() and str(beside_python))
    if not found:
        pytest.skip("no redis-server on PATH or beside Python")
    return found


@contextmanager
def process(argv: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[str]]:
    """Run a child in a session of its own; end it gently, then by force."""
    child = guarded.start(list(argv), stderr=subprocess.STDOUT, text=True, **options)
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        guarded.ended(child)
        if child.stdout is not None:
            child.stdout.close()


@pytest.fixture
def redis_url() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="tasks-") as folder:
        socket = Path(folder, "redis.sock")
        argv = [redis_binary(), "--port", "0", "--unixsocket", str(socket), "--save", ""]
        with process([*argv, "--dir", folder], stdout=subprocess.PIPE) as server:
            assert server.stdout is not None
            for line in server.stdout:
                if "ready to accept connections" in line.lower():
                    break
            yield f"redis+socket://{socket}"


@pytest.fixture
def environment(redis_url: str) -> dict[str, str]:
    """Where the broker is, for workers and clients; and Python's own limit on digits."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONINTMAXSTRDIGITS"}
    return {**kept, "CELERY_BROKER_URL": redis_url, "CELERY_RESULT_BACKEND": redis_url}


@contextmanager
def worker(
    app: str, name: str, options: Sequence[str], environment: dict[str, str], log: Path
) -> Iterator[None]:
    command = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        app,
        "worker",
        "-l",
        "info",
        "-n",
        f"{name}@%h",
    ]
    with (
        log.open("w") as out,
        process([*command, *options], stdout=out, cwd=ROOT, env=environment) as child,
    ):
        yield
        assert child.poll() is None, log.read_text()
    assert child.returncode == 0, log.read_text()


def call(module: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-m", module],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=CALL_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def without_errors(log: Path) -> str:
    text = log.read_text()
    assert "ERROR" not in text, text
    assert "Traceback" not in text, text
    return text


def test_the_tutorial(environment: dict[str, str], tmp_path: Path) -> None:
    names = {"add": "solo", "factorial": "solo", "mat_mul": "threads"}
    logs = {name: tmp_path / f"{name}.log" for name in names}
    with ExitStack() as stack:
        for name, pool in names.items():
            options = ["-Q", name, "-P", pool, "-c", "1"]
            app = f"tasks.{name}_module"
            stack.enter_context(worker(app, f"worker-{name}", options, environment, logs[name]))
        assert call("tasks.call_add_task", environment) == "10\n"
        printed = call("tasks.call_factorial_task", environment).strip()
        matrix = call("tasks.call_mat_mul_task", environment)

    number = 0
    for start in range(0, len(printed), 4000):
        digits = printed[start : start + 4000]
        number = number * 10 ** len(digits) + int(digits)
    assert number == math.factorial(20_000)
    cells = [float(cell) for cell in matrix.replace("[", " ").replace("]", " ").split()]
    assert len(cells) == 400
    assert all(map(math.isfinite, cells))
    for name in names:
        assert f"Task {name}_module.tasks.{name}[" in without_errors(logs[name])


@pytest.fixture
def client(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    """An app that knows the settings but none of the tasks: it sends by name."""
    for name in ("CELERY_BROKER_URL", "CELERY_RESULT_BACKEND"):
        monkeypatch.setenv(name, environment[name])
    app = App("client", set_as_current=False)
    app.config_from_object("tasks.celeryconfig")
    yield app
    # A stock result unsubscribes when it is collected: not after the connection is gone.
    gc.collect()
    app.backend.result_consumer.stop()
    app.backend.client.connection_pool.disconnect()
    app.close()


def check_canvases(client: App) -> None:
    def task(name: str, *args: Any, **kwargs: Any) -> Any:
        return client.signature(name, args=args, kwargs=kwargs)

    factorial, digits = "factorial_module.tasks.factorial", "canvas_module.tasks.digits"
    add, total = "add_module.tasks.add", "canvas_module.tasks.sum"
    header = group([task(factorial, 2000), task(factorial, 20_000)], app=client)
    sums = group([task(add, i, 10**30) for i in range(5)], app=client)
    product = task("mat_mul_module.tasks.mat_mul", 30, 20, seed=3)
    expected: Any = expected_product(30, 20, seed=3)
    pending = [
        (chord(header, task(digits), app=client), 77_338),
        (chord(sums, task(total), app=client), 10 + 5 * 10**30),
        (chain(product, task("canvas_module.tasks.trace"), app=client), np.trace(expected)),
        (chain(task(factorial, 5000), task("canvas_module.tasks.identity"), app=client),
         math.factorial(5000)),
        (task("canvas_module.tasks.flaky", 2), 3),
        (task("canvas_module.tasks.sleep", 0.01), 0.01),
    ]  # fmt: skip
    sent = [(canvas.apply_async(), value) for canvas, value in pending]
    for result, value in sent:
        assert result.get(timeout=CALL_S) == pytest.approx(value, rel=1e-12), result
    matrix = product.apply_async().get(timeout=CALL_S)
    np.testing.assert_allclose(matrix, expected, rtol=1e-12)
    with pytest.raises(ValueError, match="n must be at least 0, got -1"):
        task(factorial, -1).apply_async().get(timeout=CALL_S)
    assert task(add, 4, 6).apply_async().get(timeout=CALL_S) == 10


@pytest.mark.parametrize("pool", ["prefork", "gevent"])
def test_canvases_on_the_app_of_all_tasks(
    pool: str, client: App, environment: dict[str, str], tmp_path: Path
) -> None:
    log = tmp_path / "worker.log"
    options = ["-Q", "add,factorial,mat_mul", "-P", pool, "-c", "2"]
    with worker("tasks.app", "worker-all", options, environment, log):
        check_canvases(client)
    assert "internal error" not in log.read_text().lower()


def is_healthy(environment: dict[str, str]) -> bool:
    """What the health check of a container says."""
    check = ROOT / "deploy" / "compose" / "worker-is-healthy"
    return subprocess.run([check], env=environment, capture_output=True).returncode == 0


def wait_until_healthy(environment: dict[str, str]) -> None:
    deadline = time.monotonic() + READY_S
    while not is_healthy(environment):
        assert time.monotonic() < deadline, "not healthy"
        time.sleep(0.05)


def test_a_worker_is_healthy_while_it_sends_heartbeats(
    environment: dict[str, str], tmp_path: Path
) -> None:
    beat = tmp_path / "heartbeat"
    environment |= {"WORKER_HEARTBEAT_FILE": str(beat)}
    with worker("tasks.app", "beating", ["-P", "solo"], environment, tmp_path / "log"):
        wait_until_healthy(environment)
        os.utime(beat, (1, 1))
        assert not is_healthy(environment)
        wait_until_healthy(environment)  # the next heartbeat
    assert not beat.exists()
    assert not is_healthy(environment)
