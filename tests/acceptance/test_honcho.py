"""``honcho start``: the Procfile's broker and pools, used by ``call``, ended by Ctrl-C."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.command import ROOT, Command


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def checkout(tmp_path: Path) -> tuple[Path, int]:
    """The Procfile as shipped, but on a port that is free and with this Python as its ``.venv``."""
    port = free_port()
    directory = tmp_path / "checkout"
    directory.mkdir()
    text = (ROOT / "Procfile").read_text()
    assert text.count("6390") == 4
    text = text.replace("6390", str(port)).replace(".venv/bin/python", sys.executable)
    (directory / "Procfile").write_text(text)
    shutil.copytree(ROOT / "tasks", directory / "tasks")
    return directory, port


def attached_run_passes(command: Command, checkout: Path) -> None:
    """`run --target attach` in a second terminal, in the same directory."""
    scenario, out = ROOT / "scenarios" / "mixed.yaml", command.runs
    quick = (
        "--set=workloads.sums.duration=2s",
        "--set=workloads.sums.rate=5/s",
        "--set=workloads.products.duration=2s",
    )
    done = command("run", scenario, "--target", "attach", "--out", out, *quick, cwd=checkout)
    assert done.code == 0, done.err + done.out
    assert "attached to add@" in done.err
    summary = json.loads((command.one_run() / "summary.json").read_text())
    environment = summary["environment"]
    assert (environment["points_from"], environment["clocks"][0]["same"]) == ("events", True)
    assert summary["verdicts"]["ok"] == summary["counters"]["tasks_sent"]
    trends = summary["metrics"]
    assert {trends[name]["count"] > 0 for name in ("queue_wait", "run", "result_lag")} == {True}
    assert all(worker["cpu_s"] is None for worker in summary["workers"].values())


def test_honcho_brings_up_the_broker_and_three_pools(
    command: Command, checkout: tuple[Path, int]
) -> None:
    directory, port = checkout
    honcho = subprocess.Popen(
        [sys.executable, "-m", "honcho", "start"],
        cwd=directory,
        env=command.environ({"PYTHONPATH": f"{directory}{os.pathsep}{ROOT}"}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        command.wait_until(lambda: answers(port), within_s=30)
        broker = f"redis://127.0.0.1:{port}/0"
        done = command("call", "add", "4", "6", "--broker", broker, "--timeout", "30")
        assert (done.code, done.out) == (0, "10\n"), done.err
        done = command("call", "digits", "12345", "--broker", broker)
        assert (done.code, done.out) == (0, "5\n"), done.err
        done = command("call", "trace", "[[1, 2], [3, 4]]", "--broker", broker)
        assert (done.code, done.out) == (0, "5.0\n"), done.err
        attached_run_passes(command, directory)
    finally:
        honcho.send_signal(signal.SIGINT)
        out, _ = honcho.communicate(timeout=30)
    command.wait_until(lambda: not command.processes(), within_s=10)
    assert honcho.returncode == 130
    assert not answers(port)
    for name in ("add", "factorial", "mat_mul"):
        assert re.search(rf"{name}\.1 +\| INFO {name}@\S+ ready\.$", out, re.MULTILINE), out
    assert "SIGKILL" not in out
    assert readable(out)


def readable(out: str) -> bool:
    """A word from each process before the first task, nothing twice, no second clock, and one line
    for each task."""
    start = out.partition("succeeded")[0].splitlines()
    assert len(start) < 35, out
    said = [line.split(" ", 1)[1] for line in start if line.split("| ")[-1].strip()]
    assert len(said) == len(set(said)), out
    for noise in ("Traceback", "[tasks]", "site-packages", "MainProcess]", "] received"):
        assert noise not in out, noise
    return True


def test_honcho_is_there_after_make_run() -> None:
    """The Procfile runs the Python that `make` has set up, with the honcho beside it."""
    lines = (ROOT / "Procfile").read_text().splitlines()
    assert all(re.match(r"\w+: \.venv/bin/python -m orchestrator ", line) for line in lines)
    assert re.search(r"^honcho==", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
