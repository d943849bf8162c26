"""A Docker daemon to test on: the one that runs, or one of our own that leaves nothing behind."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests import guarded

ANSWER_S = 60
STOP_S = 60
COMMAND_S = 300


@dataclass(frozen=True)
class Docker:
    """The client's environment, and whether the daemon is ours: then it has no network but the
    host's for a build, and nothing in it is anybody else's."""

    environ: Mapping[str, str]
    own: bool

    def __call__(self, *arguments: str, timeout_s: float = COMMAND_S) -> str:
        """Standard output and error of ``docker ARGUMENTS``; fails with them."""
        done = self.run(["docker", *arguments], timeout_s=timeout_s)
        assert done.returncode == 0, done.stdout
        return done.stdout.rstrip("\n")

    def run(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        timeout_s: float = COMMAND_S,
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            argv,
            cwd=cwd,
            env={**self.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout_s,
            check=False,
        )


def cannot_have_a_daemon() -> str | None:
    """Why not, in words for whoever reads the test's output."""
    if not shutil.which("docker"):
        return "no docker on the PATH (Debian: apt install docker.io docker-compose)"
    if not _compose():
        return "no Docker Compose (Debian: apt install docker-compose)"
    if _answers(os.environ):
        return None
    if os.geteuid() != 0:
        return "no Docker daemon answers, and only root may start one"
    return None if shutil.which("dockerd") else "no Docker daemon answers, and there is no dockerd"


@contextmanager
def running_daemon(directory: Path) -> Iterator[Docker]:
    """Keep everything of a daemon of our own in ``directory``, whose path must be short: it holds
    a socket."""
    if _answers(os.environ):
        yield Docker(dict(os.environ), own=False)
        return
    environ = {**os.environ, "DOCKER_HOST": f"unix://{directory}/docker.sock"}
    with (directory / "dockerd.log").open("wb") as log:
        # No bridge, no packet filter, no forwarding: nothing of the host is changed, and what
        # containers say to each other on a network of theirs needs none of it.
        daemon = guarded.start(
            [
                "dockerd",
                f"--host={environ['DOCKER_HOST']}",
                f"--data-root={directory}/data",
                f"--exec-root={directory}/exec",
                f"--pidfile={directory}/docker.pid",
                "--bridge=none",
                "--iptables=false",
                "--ip6tables=false",
                "--ip-forward=false",
                "--ip-masq=false",
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        deadline = time.monotonic() + ANSWER_S
        while not _answers(environ):
            assert daemon.poll() is None, (directory / "dockerd.log").read_text()
            assert time.monotonic() < deadline, f"dockerd does not answer within {ANSWER_S} s"
            time.sleep(0.1)
        yield Docker(environ, own=True)
    finally:
        _end(daemon)
        _unmount(directory)


def _end(daemon: "subprocess.Popen[bytes]") -> None:
    """Gently, so that it ends its containerd; by force after a while."""
    daemon.terminate()
    try:
        daemon.wait(STOP_S)
    except subprocess.TimeoutExpired:
        os.killpg(daemon.pid, signal.SIGKILL)
        daemon.wait()
    guarded.ended(daemon)


def _unmount(directory: Path) -> None:
    """A container on the host's network leaves a mount of its namespace."""
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for mount in reversed([mount for mount in mounts if mount.startswith(f"{directory}/")]):
        subprocess.run(["umount", mount], check=True, timeout=30)


def _answers(environ: Mapping[str, str]) -> bool:
    done = subprocess.run(["docker", "version"], env=environ, capture_output=True, timeout=30)
    return done.returncode == 0


def _compose() -> bool:
    if shutil.which("docker-compose"):
        return True
    done = subprocess.run(["docker", "compose", "version"], capture_output=True, timeout=30)
    return done.returncode == 0
