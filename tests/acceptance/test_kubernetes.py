"""deploy/kubernetes: valid by Kubernetes' own schemas, consistent, and its commands really run."""

import copy
import re
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest
import yaml
from kombu.transport.redis import Channel

from orchestrator.cli import cli
from orchestrator.scenario import load_variants
from tests.acceptance.command import ROOT, Command
from tests.acceptance.manifests import (
    DIRECTORY,
    PASSWORD,
    Document,
    Local,
    container,
    documents,
    keda_schema,
    pods,
)
from tests.integration.redis_fixture import free_port

VALIDATE = ROOT / ".venv-tools" / "bin" / "kubernetes-validate"
VERSIONS = ("1.28", "1.37")
WORKERS = {
    "add": "celery-add-worker",
    "factorial": "celery-factorial-worker",
    "mat_mul": "celery-mat-mul-worker",
}

QUICK = (
    "--set=workloads.sums.duration=1s",
    "--set=workloads.sums.rate=5/s",
    "--set=workloads.products.duration=1s",
)

needs_schemas = pytest.mark.skipif(
    not VALIDATE.exists(), reason="no kubernetes-validate: make .venv-tools/.ready"
)


def validate(document: Document, directory: Path) -> subprocess.CompletedProcess[str]:
    path = directory / "document.yaml"
    path.write_text(yaml.safe_dump(dict(document)))
    versions = [word for version in VERSIONS for word in ("-k", version)]
    argv = [str(VALIDATE), "--strict", *versions, str(path)]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)


# ---- on paper ----


@needs_schemas
def test_every_document_is_valid(tmp_path: Path) -> None:
    native = [each for each in documents() if not each["apiVersion"].startswith("keda.sh/")]
    assert len(native) == 7
    for document in native:
        done = validate(document, tmp_path)
        assert (done.returncode, done.stdout.count(" passed ")) == (0, len(VERSIONS)), done.stdout


@needs_schemas
@pytest.mark.parametrize("change", [{"replica": 1}, {"replicas": "one"}])
def test_a_mistake_would_be_found(change: Mapping[str, Any], tmp_path: Path) -> None:
    document = copy.deepcopy(dict(documents("Deployment")[0]))
    document["spec"].update(change)
    done = validate(document, tmp_path)
    assert done.returncode == 1
    assert next(iter(change)) in done.stdout


def test_what_keda_is_told_is_valid() -> None:
    told = documents("ScaledObject", "TriggerAuthentication")
    assert len(told) == 4
    for document in [*told, priorities()]:
        jsonschema.validate(document, keda_schema())
    wrong = copy.deepcopy(dict(told[-1]))
    wrong["spec"]["triggers"][0]["metadata"]["listLength"] = 10  # KEDA takes text
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, keda_schema())


def test_the_kustomization_names_what_is_there() -> None:
    kustomization = yaml.safe_load((DIRECTORY / "kustomization.yaml").read_text())
    files = {path.name for path in DIRECTORY.glob("*.yaml")}
    assert {*kustomization["resources"], "kustomization.yaml", "run.yaml", "keda.yaml"} == files
    assert {each["metadata"].get("namespace") for each in documents()} == {
        None,  # the namespace itself
        kustomization["namespace"],
    }


def test_every_pod_meets_the_restricted_standard() -> None:
    assert len(dict(pods())) == 5
    for name, pod in pods():
        context = pod["securityContext"]
        assert context["runAsNonRoot"] is True, name
        assert context["runAsUser"] > 0
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        for each in pod["containers"]:
            assert each["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, name
            assert {"cpu", "memory"} <= each["resources"]["requests"].keys()
            assert "memory" in each["resources"]["limits"]


def test_no_secret_is_in_a_file() -> None:
    """One Secret, made by hand, is what all of them name."""
    assert not documents("Secret")
    text = "".join(path.read_text() for path in DIRECTORY.glob("*.yaml"))
    references = re.findall(r"secretKeyRef: (.+)}", text)
    assert set(references) == {"{name: redis, key: password}"}
    (authentication,) = documents("TriggerAuthentication")
    assert authentication["spec"]["secretTargetRef"] == [
        {"parameter": "password", "name": "redis", "key": "password"}
    ]


# ---- consistent with the rest ----


def parsed(words: list[str]) -> tuple[str, Mapping[str, Any]]:
    """What our command line makes of a container's arguments."""
    group = click.Context(cli)
    command = cli.get_command(group, words[0])
    assert command is not None
    return words[0], command.make_context(words[0], words[1:], parent=group).params


def procfile() -> dict[str, Mapping[str, Any]]:
    """Name -> the options of its worker."""
    lines = (ROOT / "Procfile").read_text().splitlines()
    argv = [line.split(" -m orchestrator ")[1].split() for line in lines]
    return {words[1]: parsed(words)[1] for words in argv if words[0] == "worker"}


def test_each_queue_of_the_procfile_has_its_deployment() -> None:
    assert set(procfile()) == set(WORKERS)
    for queue, name in WORKERS.items():
        here, there = parsed(container(name)["args"])[1], procfile()[queue]
        for option in ("name", "queues", "events", "app_spec"):
            assert here[option] == there[option]
        assert here["kind"] == ("gevent" if queue == "add" else "prefork")


def test_the_run_finds_a_worker_for_each_of_its_queues() -> None:
    command, options = parsed(container("orchestrator")["args"])
    assert (command, options["target"]) == ("run", "attach")
    (path,) = options["scenarios"]
    variants, _ = load_variants(ROOT / path, environ={})
    assert {queue for pool in variants[0].plan.pools for queue in pool.queues} <= set(WORKERS)


def test_the_image_is_the_one_that_compose_builds() -> None:
    compose = (ROOT / "deploy" / "compose" / "docker-compose.yml").read_text()
    image = container("orchestrator")["image"]
    assert image == re.sub(
        r"\$\{TAG:-(\w+)\}", r"\1", re.findall(r"image: (.+/app:.+)", compose)[0]
    )
    assert {container(name)["image"] for name in WORKERS.values()} == {image}
    dockerfile = (ROOT / "deploy" / "compose" / "Dockerfile").read_text()
    (uid,) = set(re.findall(r"(?:--uid|-u) (\d+)", dockerfile))
    for name in (*WORKERS.values(), "orchestrator"):
        assert dict(pods())[name]["securityContext"]["runAsUser"] == int(uid)


def test_each_deployment_is_scaled_by_its_own_queue() -> None:
    scaled = {
        each["spec"]["scaleTargetRef"]["name"]: each["spec"]["triggers"][0]["metadata"]
        for each in documents("ScaledObject")
    }
    assert {name: said["listName"] for name, said in scaled.items()} == {
        name: queue for queue, name in WORKERS.items()
    }
    (service,) = documents("Service")
    host = f"{service['metadata']['name']}.{service['metadata']['namespace']}.svc.cluster.local"
    assert {said["address"] for said in scaled.values()} == {f"{host}:6379"}
    for deployment in documents("Deployment"):
        if deployment["metadata"]["name"] in scaled:
            assert "replicas" not in deployment["spec"]  # the scaler's, not ours


def priorities() -> dict[str, Any]:
    """The example of docs/kubernetes.md for queues with priorities."""
    text = (ROOT / "docs" / "kubernetes.md").read_text()
    (example,) = re.findall(r"```yaml\n(.+?)```", text, re.DOTALL)
    document: dict[str, Any] = yaml.safe_load(example)
    return document


def test_the_lists_of_a_queue_with_priorities_are_kombus() -> None:
    spec = priorities()["spec"]
    steps = Channel.priority_steps
    lists = [trigger["metadata"]["listName"] for trigger in spec["triggers"]]
    assert lists == ["add", *(f"add{Channel.sep}{step}" for step in steps if step)]
    names = [trigger["name"] for trigger in spec["triggers"]]
    assert spec["advanced"]["scalingModifiers"]["formula"] == " + ".join(names)


# ---- really run ----


class Containers:
    """What runs as the manifests say; `end` ends some of them as the kubelet does."""

    def __init__(self, command: Command) -> None:
        self._command = command
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def log(self, name: str) -> str:
        return (self._command.directory / f"{name}.log").read_text()

    def start(self, name: str, local: Local) -> None:
        with (self._command.directory / f"{name}.log").open("wb") as out:
            self._processes[name] = subprocess.Popen(
                local.argv(),
                cwd=ROOT,
                env=self._command.environ(local.environ),
                stdout=out,
                stderr=out,
            )

    def end(self, *names: str) -> None:
        """All at once; each ends in time and in good order."""
        for name in names:
            self._processes[name].send_signal(signal.SIGTERM)
        for name in names:
            assert self._processes[name].wait(30) == 0, self.log(name)

    def kill(self) -> None:
        for process in self._processes.values():
            process.kill()
            process.wait()


@pytest.fixture
def containers(command: Command) -> Iterator[Containers]:
    made = Containers(command)
    yield made
    made.kill()


def healthy(local: Local, command: Command, probe: str) -> Callable[[], bool]:
    def ask() -> bool:
        argv = local.probe(probe)
        env = command.environ(local.environ)
        return subprocess.run(argv, env=env, capture_output=True, timeout=10).returncode == 0

    return ask


def place(container: Mapping[str, Any], directory: Path, port: int) -> Local:
    directory.mkdir()
    return Local(container, directory, port)


def test_its_commands_run(command: Command, containers: Containers, tmp_path: Path) -> None:
    """Redis, the three workers and the run, as the manifests start and probe them."""
    port = free_port()
    redis = place(container("redis"), tmp_path / "redis", port)
    workers = {
        queue: place(container(name), tmp_path / queue, port) for queue, name in WORKERS.items()
    }
    run = place(container("orchestrator"), tmp_path / "run", port)
    everybody = {"redis": redis, **workers}
    assert not [name for name, each in everybody.items() if healthy(each, command, "startup")()]
    for name, each in everybody.items():
        containers.start(name, each)
    for each in everybody.values():
        command.wait_until(healthy(each, command, "startup"), within_s=60)
        assert healthy(each, command, "readiness")()
    done = subprocess.run(
        [*run.argv(), *QUICK],
        cwd=ROOT,
        env=command.environ(run.environ),
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert list((run.directory / "runs").iterdir())
    containers.end(*workers)
    assert not [name for name, each in workers.items() if healthy(each, command, "readiness")()]
    containers.end("redis")
    assert PASSWORD not in done.stderr + done.stdout + "".join(map(containers.log, everybody))
