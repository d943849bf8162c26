"""After any end of the orchestrator nothing of it is left: no worker, no Redis, no directory."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

VICTIM = """
import json, os, sys
from pathlib import Path

import anyio

from orchestrator.environment import variables
from orchestrator.environment.broker import BrokerStart, open_broker
from orchestrator.environment.guardian import open_guardian
from orchestrator.environment.pools import PoolStart, open_pools
from orchestrator.environment.worker_environ import worker_environ
from orchestrator.observe.probe_server import open_probe_server
from orchestrator.records import PoolPlan, TargetPlan

class Nobody:
    def received(self, *event): pass
    started = finished = published = received

async def main(folder):
    target = TargetPlan()
    async with (
        anyio.create_task_group() as group,
        open_guardian() as guardian,
        open_probe_server(guardian.directory, Nobody()) as server,
        open_broker(target, BrokerStart(guardian, folder, group, check_amqp=None)) as broker,
    ):
        environ = {**worker_environ(target, broker), variables.PROBE: str(server.path)}
        start = PoolStart(
            app="tiny:app", run_id="victim", environ=environ, log_dir=folder, guardian=guardian,
            wait_ready=server.wait_ready, include="orchestrator.observe.probe", cwd=folder,
        )
        plan = PoolPlan("one", ("one",), "prefork", concurrency=2)
        async with open_pools([plan], start, task_group=group):
            said = {"directory": str(guardian.directory), "guardian": guardian.pid}
            print(json.dumps(said), flush=True)
            await anyio.sleep_forever()

anyio.run(main, Path(sys.argv[1]))
"""

# A task that is running must not keep its worker alive.
APP = """
import time
from celery import Celery
from celery.signals import worker_ready

app = Celery("tiny")

@app.task
def nap():
    time.sleep(60)

@worker_ready.connect
def busy(**_):
    nap.apply_async(queue="one")
"""


@contextmanager
def killed_at_the_end(argv: list[str]) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(
    "guardian_too",
    [
        False,
        pytest.param(
            True,
            marks=pytest.mark.skipif(
                not sys.platform.startswith("linux"),
                reason="without the guardian only Linux ends the workers",
            ),
        ),
    ],
)
def test_kill_9_leaves_nothing(tmp_path: Path, guardian_too: bool) -> None:
    (tmp_path / "tiny.py").write_text(APP)
    (tmp_path / "victim.py").write_text(VICTIM)
    with killed_at_the_end([sys.executable, str(tmp_path / "victim.py"), str(tmp_path)]) as victim:
        assert victim.stdout is not None
        said = json.loads(victim.stdout.readline())
        tree = psutil.Process(victim.pid).children(recursive=True)
        names = " ".join(" ".join(process.cmdline()) for process in tree)
        # the guardian, redis, the worker's main process, and its two children
        assert len(tree) >= 5
        assert "guardian_main" in names
        assert "worker_main" in names
        victims = tree
        if guardian_too:
            victims = [process for process in tree if "worker_main" in str(process.cmdline())]
            os.kill(said["guardian"], signal.SIGKILL)
        victim.kill()
    try:
        deadline = time.monotonic() + 5
        _, alive = psutil.wait_procs(victims, timeout=deadline - time.monotonic())
        assert not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]
        if not guardian_too:
            assert not Path(said["directory"]).exists()
    finally:
        for process in tree:
            if process.is_running():
                process.kill()
        shutil.rmtree(said["directory"], ignore_errors=True)


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_an_orchestrator_that_is_stopped_early_leaves_nothing(
    tmp_path: Path, signum: signal.Signals
) -> None:
    """At a moment when children are being started."""
    (tmp_path / "tiny.py").write_text(APP)
    (tmp_path / "victim.py").write_text(VICTIM)
    with killed_at_the_end([sys.executable, str(tmp_path / "victim.py"), str(tmp_path)]) as victim:
        me = psutil.Process(victim.pid)
        deadline = time.monotonic() + 20
        while len(me.children()) < 3:
            assert time.monotonic() < deadline, "it does not start its children"
            time.sleep(0.01)
        tree = me.children(recursive=True)
        victim.send_signal(signum)
        victim.wait(20)
    _, alive = psutil.wait_procs(tree, timeout=10)
    assert not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]
