"""The real command in a process of its own, and everything that descends from it."""

import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
MARK = "ORCHESTRATOR_TEST_MARK"


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str
    took_s: float


class Command:
    """Runs ``python -m orchestrator`` and knows its whole progeny by a mark in the environment."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.runs = directory / "runs"
        self._mark = uuid.uuid4().hex
        self.temporary = Path(tempfile.mkdtemp(prefix="t-"))
        """The TMPDIR of the commands; short, because the paths of unix sockets are bounded."""

    def environ(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        unwanted = (
            *("CELERY_BROKER_URL", "CELERY_RESULT_BACKEND", "CI"),
            *("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE"),
            *("MAKELEVEL", "MAKEFLAGS", "MFLAGS"),  # of the `make test` that runs us
        )
        kept = {key: value for key, value in os.environ.items() if key not in unwanted}
        ours = {"PYTHONPATH": str(ROOT), "TMPDIR": str(self.temporary), MARK: self._mark}
        return {**kept, **ours, **(extra or {})}

    def argv(self, *arguments: str | Path) -> list[str]:
        return [sys.executable, "-m", "orchestrator", *map(str, arguments)]

    def start(
        self, *arguments: str | Path, cwd: Path = ROOT, env: Mapping[str, str] | None = None
    ) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            self.argv(*arguments),
            cwd=cwd,
            env=self.environ(env),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(
        self,
        *arguments: str | Path,
        cwd: Path = ROOT,
        env: Mapping[str, str] | None = None,
        timeout_s: float = 90,
    ) -> Done:
        began = time.monotonic()
        with self.start(*arguments, cwd=cwd, env=env) as process:
            try:
                out, err = process.communicate(timeout=timeout_s)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return Done(process.returncode, out, err, time.monotonic() - began)

    def scenario(self, *arguments: str | Path, timeout_s: float = 90) -> Done:
        """``run`` with the run directory in this test's own place."""
        return self("run", *arguments, "--out", self.runs, timeout_s=timeout_s)

    def processes(self) -> list[psutil.Process]:
        """Every living process that descends from a command of this test."""
        mine = []
        for process in psutil.process_iter():
            try:
                if process.status() != psutil.STATUS_ZOMBIE and self._is_mine(process):
                    mine.append(process)
            except psutil.Error:
                continue
        return mine

    def _is_mine(self, process: psutil.Process) -> bool:
        """By the mark, or (a Redis overwrites its environment) by where it works."""
        if process.environ().get(MARK) == self._mark:
            return True
        return Path(process.cwd()).is_relative_to(self.temporary)

    def wait_until(self, condition: Callable[[], bool], *, within_s: float) -> None:
        deadline = time.monotonic() + within_s
        while not condition():
            assert time.monotonic() < deadline, f"not so within {within_s} s"
            time.sleep(0.05)

    def one_run(self) -> Path:
        (directory,) = self.runs.iterdir()
        return directory
