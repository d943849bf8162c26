"""A child that is tied ends with who started it."""

import subprocess
import sys
import time

import psutil
import pytest

from tests.tied import tied

PARENT = """
import subprocess, sys, time
child = subprocess.Popen(sys.argv[1:], start_new_session=True)
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(len(tied([])) == 0, reason="no setpriv")
def test_a_child_ends_when_its_parent_is_killed() -> None:
    argv = [sys.executable, "-c", PARENT, *tied(["sleep", "60"])]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    deadline = time.monotonic() + 10
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.01)
