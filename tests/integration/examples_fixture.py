"""The examples of docs/examples, each in a process of its own, with a Redis and a stock worker."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests import guarded
from tests.integration.redis_fixture import (
    STOP_S,
    WORKER_START_S,
    running_redis,
    worker_python,
)

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"
RUN_S = 60


@dataclass(frozen=True)
class Examples:
    """``environ`` is that of a process in which the examples' app finds its servers."""

    environ: Mapping[str, str]

    def run(self, *argv: str) -> str:
        """Run Python with these arguments to its end; gives what it printed."""
        done = subprocess.run(
            [sys.executable, *argv],
            cwd=EXAMPLES,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=RUN_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout


@contextmanager
def running_examples(directory: Path) -> Iterator[Examples]:
    with running_redis(directory) as server:
        urls = {"CELERY_BROKER_URL": server.url(0), "CELERY_RESULT_BACKEND": server.url(1)}
        path = os.pathsep.join([str(EXAMPLES), str(ROOT)])
        environ = {**os.environ, **urls, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
        argv = [worker_python(), "-m", "celery", "-A", "tasks_app", "worker", "-l", "INFO"]
        argv += ["-P", "threads", "-c", "4", "--without-gossip", "--without-mingle"]
        log = directory / "worker.log"
        with running_process(argv, environ, log) as process:
            wait_for_line("ready.", log, process)
            yield Examples(environ)


@contextmanager
def running_process(
    argv: Sequence[str], environ: Mapping[str, str], log: Path
) -> "Iterator[subprocess.Popen[bytes]]":
    with log.open("wb") as output:
        process = guarded.start(list(argv), cwd=EXAMPLES, env=environ, stdout=output, stderr=output)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_S)
        guarded.ended(process)


def wait_for_line(end: str, log: Path, process: "subprocess.Popen[bytes]") -> None:
    """Wait until a line of the log ends so."""
    deadline = time.monotonic() + WORKER_START_S
    while not any(line.rstrip().endswith(end) for line in log.read_text().splitlines()):
        if time.monotonic() > deadline or process.poll() is not None:
            raise RuntimeError(log.read_text()[-4000:])
        time.sleep(0.02)
