import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from orchestrator.observe.process_sampler import ProcessSampler, Usage, machine_busy_s

BURN = "import time\ndef burn(seconds):\n    while time.process_time() < seconds: pass\n"


@contextmanager
def running(code: str) -> Iterator["subprocess.Popen[str]"]:
    """A child that prints a line when it is where the test wants it; killed at the end."""
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def next_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def go_on(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_cpu_and_memory_of_a_process() -> None:
    code = (
        BURN + "data = bytearray(b'x' * 50_000_000); burn(0.3); print('done', flush=True); input()"
    )
    with running(code) as process:
        next_line(process)
        usage = ProcessSampler().sample({"add": [process.pid]})["add"]
    assert 0.25 <= usage.cpu_s < 1.5
    assert 50_000_000 < usage.rss_bytes < 150_000_000


def test_children_belong_to_their_pool() -> None:
    grandchild = BURN + "burn(0.3); print('done', flush=True); input()"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {grandchild!r}])"
    with running(code) as one, running("print('up', flush=True); input()") as two:
        next_line(one)
        next_line(two)
        usage = ProcessSampler().sample({"one": [one.pid], "two": [two.pid]})
        assert usage["one"].cpu_s >= 0.25
        assert usage["two"].cpu_s < 0.25
        for child in psutil.Process(one.pid).children():
            child.kill()


def test_what_belongs_to_no_root_is_the_rest() -> None:
    sampler = ProcessSampler()
    with running(BURN + "burn(0.3); print('done', flush=True); input()") as process:
        next_line(process)
        sampler.sample({"add": [process.pid]})
        assert sampler.rest.cpu_s < 0.25
        sampler = ProcessSampler()
        sampler.sample({"add": []})
        assert sampler.rest.cpu_s >= 0.25


def test_the_machine_is_at_least_as_busy_as_we_are() -> None:
    before_s = machine_busy_s()
    began_s = time.process_time()
    while time.process_time() < began_s + 0.3:
        pass
    assert machine_busy_s() - before_s >= 0.2


def test_children_that_have_ended_still_count() -> None:
    burner = BURN + "burn(0.3)"
    code = (
        "import subprocess, sys; print('up', flush=True); input()\n"
        f"subprocess.run([sys.executable, '-c', {burner!r}]); print('done', flush=True); input()"
    )
    sampler = ProcessSampler()
    with running(code) as process:
        next_line(process)
        roots = {"add": [process.pid]}
        before = sampler.sample(roots)["add"].cpu_s
        go_on(process)
        if not sys.platform.startswith("linux"):
            pytest.skip("only Linux says what a child used between two samples")
        next_line(process)
        assert sampler.sample(roots)["add"].cpu_s - before >= 0.25


def test_a_pool_that_has_ended_keeps_its_cpu_time() -> None:
    sampler = ProcessSampler()
    with running(BURN + "burn(0.2); print('done', flush=True); input()") as process:
        next_line(process)
        usage = sampler.sample({"add": [process.pid]})["add"]
    assert usage.cpu_s >= 0.15
    assert sampler.sample({"add": [process.pid]})["add"] == Usage(usage.cpu_s, 0)
    assert sampler.sample({})["add"] == Usage(usage.cpu_s, 0)


def test_a_restarted_pool_adds_up() -> None:
    sampler = ProcessSampler()
    code = BURN + "burn(0.2); print('done', flush=True); input()"
    for _ in range(2):
        with running(code) as process:
            next_line(process)
            usage = sampler.sample({"add": [process.pid]})["add"]
    assert usage.cpu_s >= 0.3


def test_processes_that_are_not_there_are_nothing() -> None:
    assert ProcessSampler().sample({"add": [10**7], "none": []}) == {
        "add": Usage(),
        "none": Usage(),
    }


def test_processes_that_vanish_while_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    sampler = ProcessSampler()
    with running("print('up', flush=True); input()") as process:
        next_line(process)
        listed = sampler._descendants()
        assert process.pid in [one.pid for one in listed]
        monkeypatch.setattr(sampler, "_descendants", lambda: listed)
    assert sampler.sample({"add": [process.pid]})["add"] == Usage()
    assert sampler.sample({"other": [os.getpid()]})["other"] == Usage()


def test_ourselves_without_our_children() -> None:
    usage = ProcessSampler().own()
    own = psutil.Process(os.getpid())
    assert 0 < usage.cpu_s <= sum(own.cpu_times()[:2])
    assert usage.rss_bytes > 10_000_000
