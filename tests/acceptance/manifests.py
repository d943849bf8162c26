"""The documents of deploy/kubernetes, and what the kubelet would do with a container of them."""

import json
import os
import re
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.acceptance.command import ROOT

DIRECTORY = ROOT / "deploy" / "kubernetes"
PASSWORD = "hunter2"

Document = Mapping[str, Any]


def documents(*kinds: str) -> list[Document]:
    """All documents, or those of some kinds; the kustomization is none."""
    return [
        document
        for path in sorted(DIRECTORY.glob("*.yaml"))
        if path.name != "kustomization.yaml"
        for document in yaml.safe_load_all(path.read_text())
        if not kinds or document["kind"] in kinds
    ]


def pods() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The name and the pod of each Deployment and Job."""
    for document in documents("Deployment", "Job"):
        yield document["metadata"]["name"], document["spec"]["template"]["spec"]


def container(name: str) -> Mapping[str, Any]:
    """The one container of the Deployment or Job of this name."""
    (only,) = dict(pods())[name]["containers"]
    found: Mapping[str, Any] = only
    return found


@dataclass(frozen=True)
class Local:
    """A container's commands on this machine: Redis is at another port, files are elsewhere."""

    container: Mapping[str, Any]
    directory: Path
    port: int

    @property
    def environ(self) -> dict[str, str]:
        """Its variables, as the kubelet gives them: an earlier one may stand in a later one."""
        given: dict[str, str] = {}
        for variable in self.container["env"]:
            secret = "valueFrom" in variable
            text = PASSWORD if secret else self._here(variable["value"])
            given[variable["name"]] = re.sub(r"\$\((\w+)\)", lambda name: given[name[1]], text)
        programs = [str(ROOT / "deploy" / "compose"), str(Path(sys.executable).parent)]
        return {**given, "PATH": os.pathsep.join([*programs, os.environ["PATH"]])}

    def argv(self) -> list[str]:
        return self._argv([*self.container["command"], *self.container["args"]])

    def probe(self, name: str) -> list[str]:
        return self._argv(self.container[f"{name}Probe"]["exec"]["command"])

    def _argv(self, words: Sequence[str]) -> list[str]:
        words = [self._here(word) for word in words]
        if words[0] == "redis-cli" or "redis-cli" in words[-1]:
            words[-1] = words[-1].replace("redis-cli", f"redis-cli -p {self.port}")
        return [sys.executable if word == "python" else word for word in words]

    def _here(self, text: str) -> str:
        """With the places of this machine for those of the container."""
        places = {
            "redis:6379": f"127.0.0.1:{self.port}",
            "port 6379": f"port {self.port}\nbind 127.0.0.1",
            "/tmp/": f"{self.directory}/",
            "dir /data": f"dir {shlex.quote(str(self.directory))}",
            "/home/celeryuser/runs": str(self.directory / "runs"),
        }
        for theirs, ours in places.items():
            text = text.replace(theirs, ours)
        return text


def keda_schema() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(Path(__file__).with_name("keda.schema.json").read_text())
    return schema
