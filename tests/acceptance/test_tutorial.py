"""Every command of docs/tutorial.md, in its order, on each broker and result backend."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.command import ROOT, Command
from tests.acceptance.tutorial_answers import is_factorial_of_20000, is_square_matrix
from tests.integration.rabbitmq_fixture import running_rabbitmq
from tests.integration.redis_fixture import running_redis

DOCUMENT = ROOT / "docs" / "tutorial.md"
BLOCK = re.compile(r"<!-- ([^>]*) -->\n\n```(sh|python)\n(.*?)```\n", re.DOTALL)


@dataclass(frozen=True)
class Told:
    """A command of the document, and what is said of it."""

    about: str
    command: str


def told() -> list[Told]:
    text = DOCUMENT.read_text()
    found = [match.groups() for match in BLOCK.finditer(text)]
    commands = [language for _, language, _ in found].count("sh")
    assert commands == text.count("```sh"), "a command without a word on how it is tested"
    return [
        Told(about, block if language == "sh" else f".venv/bin/python -c {shlex.quote(block)}")
        for about, language, block in found
        if language == "sh" or about.startswith("prints: ")
    ]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What the commands need of a checkout, so that the test leaves nothing in this one."""
    directory = tmp_path / "checkout"
    directory.mkdir()
    for name in ("tasks", "scripts", "orchestrator"):
        shutil.copytree(ROOT / name, directory / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "Makefile", directory)
    for name in ("constraints.txt", "pyproject.toml"):
        (directory / name).touch()
    environment = directory / ".venv"
    environment.mkdir()
    for name in ("bin", "lib", "pyvenv.cfg"):
        (environment / name).symlink_to(Path(sys.prefix) / name)
    (environment / ".ready").touch()  # so that make installs nothing
    return directory


@contextmanager
def terminal(command: str, cwd: Path, env: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A command that goes on until Ctrl-C."""
    with subprocess.Popen(
        ["sh", "-c", command],
        cwd=cwd,
        env=env,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)
            process.wait(30)


def run(command: str, cwd: Path, env: Mapping[str, str]) -> str:
    done = subprocess.run(
        ["sh", "-ec", command], cwd=cwd, env=env, capture_output=True, text=True, timeout=90
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def prints(about: str, out: str) -> bool:
    """Whether the last line is what the document says."""
    last = out.rstrip().splitlines()[-1]
    if about == "prints: 10":
        return last == "10"
    if about == "prints: 20000!":
        return is_factorial_of_20000(last)
    assert about == "prints: a square matrix of 20 rows"
    return is_square_matrix(out[out.index("[[") :], 20)


@contextmanager
def servers(broker: str, results: str, directory: Path) -> Iterator[dict[str, str]]:
    """The two variables, for servers that are up."""
    with ExitStack() as stack:
        redis = stack.enter_context(running_redis(directory))
        if broker == "rabbitmq":
            rabbit = stack.enter_context(running_rabbitmq(directory / "rabbitmq"))
            url = rabbit.url.replace("amqp://", "pyamqp://")
        else:
            url = redis.url()
        place = "rpc://" if results == "rpc" else redis.url(1)
        yield {"CELERY_BROKER_URL": url, "CELERY_RESULT_BACKEND": place}


@pytest.mark.parametrize("results", ["rpc", "redis"])
@pytest.mark.parametrize(
    "broker",
    [
        "redis",
        pytest.param(
            "rabbitmq",
            marks=pytest.mark.skipif(
                not shutil.which("rabbitmq-server"), reason="no rabbitmq-server on the PATH"
            ),
        ),
    ],
)
def test_the_tutorial(
    broker: str, results: str, command: Command, checkout: Path, tmp_path: Path
) -> None:
    with servers(broker, results, tmp_path) as variables, ExitStack() as terminals:
        env = command.environ({**variables, "PYTHONPATH": ""})
        workers = []
        for step in told():
            if step.about == "terminal: worker":
                workers.append(terminals.enter_context(terminal(step.command, checkout, env)))
            elif step.about.startswith("prints: "):
                assert prints(step.about, run(step.command, checkout, env))
            elif step.about == "ends the workers":
                out = run(step.command, checkout, env)
                assert out.count("ended worker-") == 3, out
        assert len(workers) == 3
        for worker in workers:
            worker.wait(10)
        assert not list((checkout / ".workers").glob("*.pid"))


def test_the_broker_of_the_tutorial(command: Command, checkout: Path) -> None:
    """The port is the one that the tutorial's configuration names."""
    (step,) = [step for step in told() if step.about == "terminal: broker"]
    target = step.command.split()[1]
    dry = run(f"make -n {target}", checkout, command.environ())
    assert dry.strip().endswith("-m orchestrator broker --port 6379")
    assert "localhost:6379" in (checkout / "tasks" / "celeryconfig.py").read_text()


def test_kill_workers_leaves_what_is_not_its_own(command: Command, checkout: Path) -> None:
    """A file that is left over names a process of somebody else."""
    (checkout / ".workers").mkdir()
    (checkout / ".workers" / "worker-add.pid").write_text(f"{os.getpid()}\n")
    out = run("make kill_workers", checkout, command.environ())
    assert out == "no worker of the tutorial is running\n"
    assert not list((checkout / ".workers").iterdir())
