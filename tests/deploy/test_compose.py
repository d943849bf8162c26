"""deploy/compose for real: every command of docs/deploy.md, in its order, on a Docker daemon.

``make test-compose`` runs this; where there can be no Docker it is skipped and says why.
"""

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.acceptance.command import ROOT
from tests.acceptance.tutorial_answers import is_factorial_of_20000, is_square_matrix
from tests.deploy.base_images import base_images
from tests.deploy.docker_daemon import Docker, cannot_have_a_daemon, running_daemon

pytestmark = pytest.mark.timeout(900)

CHAPTER = (ROOT / "docs" / "deploy.md").read_text()
BLOCK = re.compile(r"<!-- compose: ([^>]*) -->\n\n```sh\n(.*?)```\n", re.DOTALL)
COMMANDS: Mapping[str, str] = dict(BLOCK.findall(CHAPTER))
PARTS = ("Makefile", ".dockerignore", "deploy", "orchestrator", "scenarios", "scripts", "tasks")
CALLERS = ("call-add-module", "call-factorial-module", "call-mat-mul-module")
WORKERS = ("celery-add-worker", "celery-factorial-worker", "celery-mat-mul-worker")

FEW_TASKS = " ".join(
    (
        "scenarios/mixed.yaml",
        "--set workloads.sums.rate=3/s --set workloads.sums.duration=2s",
        "--set workloads.factorials.iterations=1 --set workloads.factorials.vus=1",
        "--set workloads.products.vus=1 --set workloads.products.duration=1s",
    )
)
"""What the orchestrator runs: all of mixed.yaml, but tens of tasks."""


@dataclass(frozen=True)
class Cluster:
    """A checkout of its own, and the project that is started from it, under names of its own."""

    docker: Docker
    checkout: Path
    environ: Mapping[str, str]

    @property
    def images(self) -> list[str]:
        return [f"celery-orchestrator/{name}:{self.environ['TAG']}" for name in ("app", "redis")]

    def do(self, step: str) -> str:
        """What the chapter's commands print."""
        done = self.attempt(COMMANDS[step])
        assert done.returncode == 0, done.stdout
        return done.stdout

    def attempt(self, command: str) -> "subprocess.CompletedProcess[str]":
        return self.docker.run(["sh", "-ec", command], cwd=self.checkout, env=self.environ)

    def containers(self, service: str | None = None, *options: str) -> list[str]:
        """The ids of all containers, or of those of a service."""
        labels = [f"label=com.docker.compose.project={self.environ['COMPOSE_PROJECT_NAME']}"]
        if service is not None:
            labels.append(f"label=com.docker.compose.service={service}")
        filters = [part for label in labels for part in ("--filter", label)]
        return self.docker("ps", "--quiet", "--all", *filters, *options).split()

    def inside(self, service: str, *command: str) -> str:
        return self.docker("exec", self.containers(service)[0], *command)

    def inspect(self, container: str, what: str) -> Any:
        return json.loads(self.docker("inspect", "--format", f"{{{{json {what}}}}}", container))

    def passwords(self) -> list[str]:
        text = (self.checkout / "deploy" / "compose" / ".env").read_text()
        found = re.findall(r"^\w+_PASSWORD=(\w{32})$", text, flags=re.MULTILINE)
        assert len(found) == 2
        return found

    def reports(self) -> list[Mapping[str, Any]]:
        """The summaries of all runs, the oldest first."""
        self.do("reports")
        runs = self.checkout / "runs"
        summaries = [json.loads(path.read_text()) for path in runs.glob("*/summary.json")]
        shutil.rmtree(runs)
        return sorted(summaries, key=lambda summary: str(summary["run"]["started_at"]))


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A directory with a short path, which at the end it must be possible to remove."""
    directory = Path(tempfile.mkdtemp(prefix="oc-"))
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="module")
def cluster(place: Path) -> Iterator[Cluster]:
    """Nothing is started yet; at the end nothing of it may be left."""
    if not os.environ.get("COMPOSE_TEST"):
        pytest.skip("`make test-compose` runs it")
    if reason := cannot_have_a_daemon():
        pytest.skip(reason)
    links = docker_links()
    with ExitStack() as stack:
        docker = stack.enter_context(running_daemon(place))
        images = base_images(docker, place)
        if isinstance(images, str):
            pytest.skip(images)
        cluster = Cluster(docker, checkout(place), {**names(), **images, **network(docker)})
        stack.callback(remove, cluster)
        yield cluster
    assert str(place) not in Path("/proc/mounts").read_text()
    assert not [process for process in psutil.process_iter() if str(place) in argv(process)]
    assert docker_links() <= links


def checkout(place: Path) -> Path:
    """What a fresh checkout has of what the chapter needs."""
    directory = place / "checkout"
    directory.mkdir()
    unwanted = shutil.ignore_patterns("__pycache__", ".env")
    for name in PARTS:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, directory / name, ignore=unwanted)
        else:
            shutil.copy(ROOT / name, directory)
    return directory


def names() -> dict[str, str]:
    mark = f"test{os.getpid()}"
    return {"COMPOSE_PROJECT_NAME": mark, "TAG": mark, "SCENARIO": FEW_TASKS}


def network(docker: Docker) -> dict[str, str]:
    """How a build reaches the package index."""
    return {"BUILD_NETWORK": "host"} if docker.own else {}


def remove(cluster: Cluster) -> None:
    """After a test that failed; else there is nothing left to do."""
    if not cluster.containers() and not cluster.docker("images", "--quiet", cluster.images[0]):
        return
    if not (cluster.checkout / "deploy" / "compose" / ".env").exists():
        cluster.attempt("deploy/compose/new-env")
    cluster.do("clean")


def docker_links() -> set[str]:
    """The network interfaces that Docker made, by their names."""
    return {name for name in psutil.net_if_addrs() if name.startswith(("br-", "docker", "veth"))}


def argv(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def printed(out: str) -> dict[str, str]:
    """Service -> what it printed, in what ``make docker_compose_start`` shows."""
    headings = "|".join((*CALLERS, "orchestrator"))
    _, *parts = re.split(rf"^({headings}):\n", out, flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def check_answers(by: Mapping[str, str]) -> None:
    assert by["call-add-module"].strip() == "10"
    assert is_factorial_of_20000(by["call-factorial-module"].strip())
    assert is_square_matrix(by["call-mat-mul-module"], 20)
    assert "attached to worker-add@" in by["orchestrator"]
    assert "PASSED" in by["orchestrator"]


def check_run(summary: Mapping[str, Any], workers: int) -> None:
    """Every result was right, and that many workers of the queue `add` took part."""
    sent = summary["verdicts"]["sent"]
    assert summary["run"]["exit_code"] == 0
    assert summary["verdicts"]["ok"] == sent
    assert 30 < sent < 300
    assert len([name for name in summary["workers"] if name.startswith("worker-add@")]) == workers
    assert summary["environment"]["points_from"] == "events"


def test_without_passwords_nothing_starts(cluster: Cluster) -> None:
    compose = cluster.checkout / "deploy" / "compose"
    (compose / ".env").write_text("COMPOSE_PROJECT_NAME=nobody\n")
    done = cluster.attempt("scripts/compose up --detach")
    (compose / ".env").unlink()
    assert done.returncode != 0
    assert "run deploy/compose/new-env" in done.stdout
    assert cluster.containers() == []


def test_the_callers_print_their_answers_and_the_load_test_passes(cluster: Cluster) -> None:
    check_answers(printed(cluster.do("start")))
    (summary,) = cluster.reports()
    check_run(summary, workers=1)


def test_servers_are_healthy_and_run_as_ordinary_users(cluster: Cluster) -> None:
    for service in ("redis", *WORKERS):
        (container,) = cluster.containers(service)
        assert cluster.inspect(container, ".State.Health.Status") == "healthy"
    assert cluster.inside("redis", "id", "-un") == "redis"
    assert {cluster.inside(worker, "id", "-un") for worker in WORKERS} == {"celeryuser"}


def test_the_images_hold_what_they_need_and_no_more(cluster: Cluster) -> None:
    listed = cluster.inside("celery-add-worker", "ls", "-A", "/home/celeryuser").split()
    assert {name for name in listed if not name.startswith(".")} == {
        "orchestrator",
        "runs",
        "scenarios",
        "tasks",
    }
    assert not {".git", ".env", ".venv"} & set(listed)


def test_the_passwords_are_in_no_image_log_or_argument(cluster: Cluster, place: Path) -> None:
    told = [cluster.docker("logs", container) for container in cluster.containers()]
    for image in cluster.images:
        told.append(cluster.docker("image", "inspect", image))
        told.append(cluster.docker("history", "--no-trunc", image))
    told += [path.read_text() for path in place.glob("*.log")]
    told += [argv(process) for process in psutil.process_iter()]
    for container in cluster.containers():
        told += [str(cluster.inspect(container, key)) for key in (".Path", ".Args", ".Config.Cmd")]
    for password in cluster.passwords():
        assert not [text for text in told if password in text]


def test_another_scenario(cluster: Cluster) -> None:
    assert "PASSED" in cluster.do("another scenario")


def test_a_worker_can_be_scaled(cluster: Cluster) -> None:
    cluster.do("scale")
    assert len(cluster.containers("celery-add-worker")) == 3
    (orchestrator,) = cluster.containers("orchestrator")
    assert cluster.docker("wait", orchestrator) == "0", cluster.docker("logs", orchestrator)
    check_run(cluster.reports()[-1], workers=3)


def test_stopped_workers_can_be_started_again(cluster: Cluster) -> None:
    cluster.do("stop")
    assert cluster.containers(None, "--filter", "status=running") == []
    for worker in cluster.containers("celery-factorial-worker"):
        assert cluster.inspect(worker, ".State.ExitCode") == 0


def test_on_rabbitmq(cluster: Cluster) -> None:
    check_answers(printed(cluster.do("rabbitmq")))
    summary = cluster.reports()[-1]
    check_run(summary, workers=1)
    assert summary["environment"]["broker"]["kind"] == "rabbitmq"
    logs = [cluster.docker("logs", container) for container in cluster.containers()]
    for password in cluster.passwords():
        assert not [text for text in logs if password in text]


def test_clean_leaves_nothing(cluster: Cluster) -> None:
    cluster.do("clean")
    project = f"label=com.docker.compose.project={cluster.environ['COMPOSE_PROJECT_NAME']}"
    assert cluster.containers() == []
    assert cluster.docker("volume", "ls", "--quiet", "--filter", project) == ""
    assert cluster.docker("network", "ls", "--quiet", "--filter", project) == ""
    for image in cluster.images:
        assert cluster.docker("images", "--quiet", image) == ""
    if cluster.docker.own:
        assert cluster.docker("ps", "--quiet", "--all") == ""
        assert cluster.docker("volume", "ls", "--quiet") == ""


def test_every_command_of_the_chapter_is_run() -> None:
    tested = Path(__file__).read_text()
    unknown = [step for step in COMMANDS if f'do("{step}")' not in tested]
    assert unknown == ["the test itself"]
    marked = re.findall(r"<!-- (?:compose|not run): [^>]* -->\n\n```sh\n", CHAPTER)
    assert len(marked) == CHAPTER.count("```sh")
