import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.cores import Cores, move_to, on_servers_cores, split_cores, usable_cores

ROOT = Path(__file__).parents[3]


def test_the_first_core_is_the_clients() -> None:
    assert split_cores(frozenset({0, 1, 2, 3})) == Cores(0, frozenset({1, 2, 3}))


@pytest.mark.parametrize("usable", [frozenset[int](), frozenset({3})])
def test_one_core_or_none_is_shared(usable: frozenset[int]) -> None:
    cores = split_cores(usable)
    assert cores.client is None
    assert "not assigned" in str(cores)


def test_this_process_comes_back_to_its_cores() -> None:
    before = usable_cores()
    with on_servers_cores(split_cores(before)):
        inside = usable_cores()
    assert usable_cores() == before
    if len(before) > 1:
        assert inside == before - {min(before)}


def test_no_core_means_stay() -> None:
    before = usable_cores()
    move_to(None)
    assert usable_cores() == before


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process choose its cores")
def test_a_child_process_moves_to_its_core() -> None:
    core = min(usable_cores())
    code = f"from benchmarks.cores import *; move_to({core}); print(*usable_cores())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=ROOT, check=True)
    assert done.stdout.split() == [b"%d" % core]
