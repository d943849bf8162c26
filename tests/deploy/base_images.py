"""The base images: those that the deployment names, or a stand-in of Debian's packages where no
image registry answers."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.deploy.docker_daemon import Docker

SUITE = "bookworm"
PACKAGES = ("ca-certificates", "python3", "python3-venv", "rabbitmq-server", "redis-server")
STAND_IN = "celery-orchestrator-test/debian:latest"
# Debian's rabbitmq-server changes the user itself, but then passes no signal on.
RABBITMQ = (
    *("setpriv", "--reuid=rabbitmq", "--regid=rabbitmq", "--clear-groups"),
    *("env", "HOME=/var/lib/rabbitmq", "/usr/lib/rabbitmq/bin/rabbitmq-server"),
)
PULL_S = 120
MAKE_S = 400

CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
SETTINGS = ("index-url", "extra-index-url", "trusted-host", "proxy", "timeout")
"""What of this machine's pip the builds need, too; its paths mean nothing in an image."""


def base_images(docker: Docker, directory: Path) -> Mapping[str, str] | str:
    """The variables that name the images to build on; or why there are none."""
    if _registry_answers(docker):
        return {}
    if os.geteuid() != 0:
        return "no image registry answers, and only root can make a stand-in for the base images"
    if not shutil.which("mmdebstrap"):
        return "no image registry answers, and there is no mmdebstrap to make base images with"
    _make_stand_in(docker, directory)
    return dict.fromkeys(("PYTHON_IMAGE", "REDIS_IMAGE", "RABBITMQ_IMAGE"), STAND_IN)


def _registry_answers(docker: Docker) -> bool:
    """Fetch the smallest of them."""
    try:
        done = docker.run(["docker", "pull", "--quiet", "redis:7-alpine"], timeout_s=PULL_S)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _make_stand_in(docker: Docker, directory: Path) -> None:
    """A small Debian that is all three of them, with the certificates and the pip settings of this
    machine; mmdebstrap takes half the time of debootstrap."""
    settings = directory / "pip.conf"
    settings.write_text(pip_settings())
    make = [
        "mmdebstrap",
        "--quiet",
        "--variant=essential",
        "--dpkgopt=force-unsafe-io",
        f"--include={','.join(PACKAGES)}",
        f"--customize-hook=upload {settings} /etc/pip.conf",
        f"--customize-hook=upload {certificates()} {CERTIFICATES}",
        SUITE,
        "-",
    ]
    load = ["docker", "import", "--change", f"CMD {json.dumps(RABBITMQ)}", "-", STAND_IN]
    log = directory / "mmdebstrap.log"
    environ = {**os.environ, "TMPDIR": str(directory)}
    with (
        log.open("wb") as errors,
        subprocess.Popen(make, stdout=subprocess.PIPE, stderr=errors, env=environ) as maker,
    ):
        loaded = subprocess.run(
            load,
            stdin=maker.stdout,
            env=docker.environ,
            capture_output=True,
            timeout=MAKE_S,
            check=False,
        )
    assert maker.returncode == 0, log.read_text()
    assert loaded.returncode == 0, loaded.stderr.decode()


def certificates() -> str:
    """The bundle that this machine's pip trusts."""
    for variable in ("PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        if os.path.isfile(os.environ.get(variable, "")):
            return os.environ[variable]
    return CERTIFICATES


def pip_settings() -> str:
    """pip.conf for the image, from what ``pip config`` and the proxy variables say here."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    )
    found = {"cert": CERTIFICATES}
    if proxy := os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy"):
        found["proxy"] = proxy
    # Environment variables come first in the list, and win.
    for line in reversed(listed.stdout.splitlines()):
        key, _, value = line.partition("=")
        name = key.split(".")[-1].removeprefix("default-")
        kept = [word for word in value.strip("'").split() if not word.startswith(("/", "file:"))]
        if name in SETTINGS and kept:
            found[name] = " ".join(kept)
    return "\n".join(["[global]", *(f"{name} = {value}" for name, value in found.items()), ""])
