"""deploy/compose as it stands in its files: nothing here needs Docker."""

import os
import re
import shutil
import stat
import subprocess
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tasks.app import app

ROOT = Path(__file__).parents[3]
COMPOSE = ROOT / "deploy" / "compose"
TEXT = (COMPOSE / "docker-compose.yml").read_text()
FILE: Mapping[str, Any] = yaml.safe_load(TEXT)
SERVICES: Mapping[str, Mapping[str, Any]] = FILE["services"]
DOCKERFILE = (COMPOSE / "Dockerfile").read_text()
NEEDED = set(re.findall(r"\$\{(\w+):\?", TEXT))
DEFAULTS = dict(re.findall(r"\$\{(\w+):-([^}]+)\}", TEXT))


def test_the_services_are_the_tutorials_and_the_orchestrator() -> None:
    queues = ("add", "factorial", "mat-mul")
    expected = {"redis", "rabbitmq", "orchestrator"}
    expected |= {f"celery-{name}-worker" for name in queues}
    expected |= {f"call-{name}-module" for name in queues}
    assert set(SERVICES) == expected
    assert [name for name, service in SERVICES.items() if "profiles" in service] == ["rabbitmq"]


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_has_a_health_check_or_waits_for_one(name: str) -> None:
    service = SERVICES[name]
    waits_for = service.get("depends_on", {})
    assert "healthcheck" in service or waits_for
    for other, how in waits_for.items():
        if how["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[other]
        else:
            assert how["condition"] == "service_completed_successfully"
    assert "sleep" not in str(service)


@pytest.mark.parametrize("name", SERVICES)
def test_secrets_come_from_the_env_file(name: str) -> None:
    for variable, value in SERVICES[name].get("environment", {}).items():
        if re.search("URL|BACKEND|PASS", variable):
            assert re.fullmatch(r"\$\{\w+:\?[^}]+\}", value), f"{variable} is written out"
    for part in ("command", "entrypoint", "healthcheck", "build"):
        assert not NEEDED & set(re.findall(r"\w+", str(SERVICES[name].get(part, ""))))


def test_no_address_with_a_password_is_written_out() -> None:
    for path in COMPOSE.iterdir():
        if path.name not in (".env", "new-env"):
            assert not re.search(r"://[^/\s]*:[^/\s]*@", path.read_text()), path


def test_each_queue_has_one_worker_under_its_tutorial_name() -> None:
    workers = {name: service for name, service in SERVICES.items() if name.startswith("celery-")}
    found = {}
    for name, service in workers.items():
        (queue,) = re.findall(r"-Q (\w+)", service["command"])
        (node,) = re.findall(r"-n (\S+)@%h", service["command"])
        assert node == f"worker-{queue.replace('_', '-')}"
        assert name == f"celery-{queue.replace('_', '-')}-worker"
        (found[queue],) = re.findall(r"-P (\w+)", service["command"])
    assert found == {"add": "gevent", "factorial": "prefork", "mat_mul": "prefork"}
    assert set(found) == {route["queue"] for route in app.conf.task_routes.values()}


def test_each_command_names_what_is_there() -> None:
    for name, service in SERVICES.items():
        for module in re.findall(r"python -m (\S+)", service.get("command", "")):
            assert (ROOT / f"{module.replace('.', '/')}.py").is_file(), name
    command = SERVICES["orchestrator"]["command"]
    assert command == "run ${SCENARIO:-scenarios/mixed.yaml} --target attach"


def test_images_run_as_ordinary_users() -> None:
    stages = re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)[1:]
    assert [re.findall(r"^USER (.+)$", stage, flags=re.MULTILINE)[-1:] for stage in stages] == [
        ["${REDIS_USER}"],
        ["celeryuser"],
    ]


def test_the_base_images_are_the_same_in_both_files() -> None:
    in_dockerfile = dict(re.findall(r"^ARG (\w+)=(\S+)$", DOCKERFILE, flags=re.MULTILINE))
    assert set(in_dockerfile) == {"PYTHON_IMAGE", "REDIS_IMAGE", "REDIS_USER"}
    assert in_dockerfile == {name: DEFAULTS[name] for name in in_dockerfile}
    assert "RABBITMQ_IMAGE" in DEFAULTS


def test_only_what_the_images_copy_is_sent_to_the_daemon() -> None:
    copied = set()
    for line in re.findall(r"^COPY (.+)$", DOCKERFILE, flags=re.MULTILINE):
        *sources, _ = line.split()
        copied |= set(sources)
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if not line.startswith("#")]
    assert rules[0] == "*"
    assert {rule[1:] for rule in rules if rule.startswith("!")} == copied
    assert all((ROOT / path).exists() for path in copied)


def test_the_image_has_the_locked_versions() -> None:
    lock = pins(ROOT / "constraints.txt")
    image = pins(ROOT / "deploy" / "requirements.txt")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {re.split(r"[^\w.-]", line)[0] for line in project["dependencies"]}
    assert {name.lower().replace("_", "-") for name in needed | {"tzdata"}} <= set(image)
    assert {name: versions for name, versions in image.items() if lock[name] != versions} == {}
    assert not {"pytest", "mypy"} & set(image)


def pins(path: Path) -> dict[str, set[str]]:
    """Package -> its versions (one for each range of Pythons)."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([\w.]+)", path.read_text(), flags=re.MULTILINE):
        found.setdefault(name, set()).add(version)
    return found


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """new-env in a directory of its own."""
    return Path(shutil.copy(COMPOSE / "new-env", tmp_path))


def new_env(script: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([script, *arguments], capture_output=True, text=True, timeout=10)


def variables(script: Path) -> dict[str, str]:
    text = script.with_name(".env").read_text()
    return dict(re.findall(r"^(\w+)=(.+)$", text, flags=re.MULTILINE))


def test_new_env_writes_what_the_compose_file_needs(script: Path) -> None:
    assert new_env(script).returncode == 0
    written = variables(script)
    assert set(written) >= NEEDED
    assert "COMPOSE_PROFILES" not in written
    assert written["BROKER_URL"] == f"redis://:{written['REDIS_PASSWORD']}@redis:6379/0"
    assert stat.S_IMODE(os.stat(script.with_name(".env")).st_mode) == 0o600


def test_new_env_for_rabbitmq(script: Path) -> None:
    assert new_env(script, "rabbitmq").returncode == 0
    written = variables(script)
    assert set(written) >= NEEDED
    assert written["COMPOSE_PROFILES"] == "rabbitmq"
    password = written["RABBITMQ_PASSWORD"]
    assert written["BROKER_URL"] == f"pyamqp://celery:{password}@rabbitmq:5672//"
    assert written["RESULT_BACKEND"].startswith("redis://")
    assert SERVICES["rabbitmq"]["environment"]["RABBITMQ_DEFAULT_USER"] == "celery"


def test_new_env_draws_new_passwords_and_overwrites_none(script: Path) -> None:
    passwords = []
    for _ in range(2):
        assert new_env(script).returncode == 0
        passwords += [value for name, value in variables(script).items() if "PASSWORD" in name]
        again = new_env(script)
        assert again.returncode == 2
        assert "is there already" in again.stderr
        script.with_name(".env").unlink()
    assert len(set(passwords)) == 4
    assert all(re.fullmatch("[0-9a-f]{32}", password) for password in passwords)


def test_new_env_knows_two_brokers(script: Path) -> None:
    done = new_env(script, "kafka")
    assert (done.returncode, done.stderr) == (
        2,
        "new-env: the broker is redis or rabbitmq, not kafka\n",
    )
    assert not script.with_name(".env").exists()
