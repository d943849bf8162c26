"""A child that is guarded ends with who started it."""

import subprocess
import sys
import time
from pathlib import Path

import psutil

PARENT = """
import time
from tests import guarded
guarded.ended(guarded.start(["sleep", "0"]))
child = guarded.start(["sleep", "60"])
print(child.pid, flush=True)
time.sleep(60)
"""


def test_a_child_ends_when_its_parent_is_killed() -> None:
    argv = [sys.executable, "-c", PARENT]
    root = Path(__file__).parents[2]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=root) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    deadline = time.monotonic() + 10
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.01)
