"""``make flower``: a real Flower, which sees a real worker and listens on this machine only."""

import json
import os
import re
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.acceptance.command import ROOT, Command
from tests.integration.redis_fixture import free_port, running_redis

pytestmark = pytest.mark.skipif(
    not (ROOT / ".venv-tools" / ".ready").exists(), reason="no Flower: make .venv-tools/.ready"
)


@contextmanager
def make_flower(command: Command, broker: str) -> Iterator[tuple[int, Path]]:
    """The port that it listens on, and the file of what it says."""
    port, log = free_port(), command.directory / "flower.log"
    env = command.environ({"CELERY_BROKER_URL": broker, "FLOWER_PORT": str(port)})
    env = {name: value for name, value in env.items() if not name.startswith("MAKE")}
    with (
        log.open("wb") as out,
        subprocess.Popen(
            ["make", "flower"], cwd=ROOT, env=env, stdout=out, stderr=out, start_new_session=True
        ) as process,
    ):
        try:
            yield port, log
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(20)


def get(port: int, path: str) -> str:
    """The answer's text; empty when nobody answers yet."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError:
        raise
    except OSError:
        return ""


def workers(port: int) -> list[dict[str, Any]]:
    return json.loads(get(port, "/workers?json=1") or '{"data": []}')["data"]  # type: ignore[no-any-return]


def listens_on(command: Command) -> set[str]:
    """The addresses on which Flower accepts connections."""
    found: set[str] = set()
    for process in command.processes():
        if "flower" in process.cmdline():
            for connection in process.net_connections("inet"):
                if connection.status == psutil.CONN_LISTEN:
                    found.add(connection.laddr.ip)
    return found


def test_flower_shows_the_worker(command: Command, tmp_path: Path) -> None:
    with running_redis(tmp_path, "--requirepass", "hunter2") as redis:
        broker = redis.url().replace("//", "//:hunter2@")
        worker = ("worker", "add", "--pool", "threads", "-E", "--broker", broker)
        with (
            command.start(*worker) as process,
            make_flower(command, broker) as (port, log),
        ):
            command.wait_until(lambda: bool(workers(port)), within_s=60)
            (seen,) = workers(port)
            assert seen["hostname"].startswith("add@")
            assert seen["status"] is True
            assert seen["hostname"] in get(port, "/")
            assert listens_on(command) == {"127.0.0.1"}
            with pytest.raises(urllib.error.HTTPError, match="401"):  # which could end workers
                get(port, "/api/workers")
            process.terminate()
            process.communicate(timeout=30)
        assert "hunter2" not in log.read_text()


def test_its_broker_is_that_of_the_procfile() -> None:
    (url,) = set(re.findall(r"--broker (\S+)", (ROOT / "Procfile").read_text()))
    rule = re.search(r"^flower: export (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert rule is not None
    assert rule[1] == f"CELERY_BROKER_URL ?= {url}"
