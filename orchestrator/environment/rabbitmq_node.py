"""A private RabbitMQ node: which programs to run, with which files, in which environment.

The node has a name, ports, a database, a cookie and a port mapper (epmd) of its own, so it neither
sees nor is seen by another RabbitMQ of the machine, and it runs as whoever runs us.
"""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from orchestrator.environment.ports import HOST, free_ports
from orchestrator.errors import BrokerBinaryMissing

ENVIRONMENT_VARIABLE = "ORCHESTRATOR_RABBITMQ_BIN"
SERVER = "rabbitmq-server"

PLACES = (
    "/usr/lib/rabbitmq/bin",
    "/usr/local/opt/rabbitmq/sbin",
    "/opt/homebrew/opt/rabbitmq/sbin",
)
"""Where the program stands on Debian and with Homebrew, when it is not on the PATH."""

_MISSING = (
    "No rabbitmq-server (with Erlang's epmd) was found. Any one of these helps: "
    "apt-get install rabbitmq-server | brew install rabbitmq | name a running one: "
    "--broker amqp://user:password@host//"
)


@dataclass(frozen=True, slots=True)
class RabbitPrograms:
    """Absolute paths of `rabbitmq-server` and of Erlang's port mapper."""

    server: str
    epmd: str

    @property
    def control(self) -> str:
        """`rabbitmqctl`, which stands beside the server."""
        return str(Path(self.server).with_name("rabbitmqctl"))


def find_rabbitmq(environ: Mapping[str, str] = os.environ) -> RabbitPrograms:
    """The programs: ORCHESTRATOR_RABBITMQ_BIN, PATH, the places where packages put them.

    Debian wraps the program on the PATH in a script that insists on the user `rabbitmq`; the real
    one stands beside what the wrapper links to. Raises BrokerBinaryMissing.
    """
    path = environ.get("PATH")
    epmd = shutil.which("epmd", path=path)
    named = environ.get(ENVIRONMENT_VARIABLE)
    found = shutil.which(named, path=path) if named else _found(path)
    if named and found is None:
        raise BrokerBinaryMissing(f"{ENVIRONMENT_VARIABLE} names {named}, which cannot be run.")
    if found is None or epmd is None:
        raise BrokerBinaryMissing(_MISSING)
    real = Path(found).resolve().with_name(SERVER)
    return RabbitPrograms(str(real) if real.exists() else os.path.abspath(found), epmd)


def _found(path: str | None) -> str | None:
    for place in (path, *PLACES):
        if found := shutil.which(SERVER, path=place):
            return found
    return None


@dataclass(frozen=True, slots=True)
class RabbitNode:
    """One node. ``directory`` must be private (mode 0700); ``configuration`` are more lines of
    rabbitmq.conf."""

    directory: Path
    port: int
    distribution_port: int
    epmd_port: int
    user: str = "guest"
    password: str = field(default="guest", repr=False)
    configuration: Sequence[str] = ()

    @classmethod
    def on_free_ports(cls, directory: Path, **more: Any) -> Self:
        """A node whose ports nobody uses at the moment; `more` are the fields after them."""
        port, distribution_port, epmd_port = free_ports(3)
        return cls(directory, port, distribution_port, epmd_port, **more)

    @property
    def short_name(self) -> str:
        return f"orchestrator{self.port}"

    @property
    def name(self) -> str:
        return f"{self.short_name}@localhost"

    @property
    def url(self) -> str:
        login = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        return f"amqp://{login}@{HOST}:{self.port}//"

    def write(self) -> None:
        """Write the files that the node reads. Only we can read them: the password is in there."""
        self.directory.mkdir(exist_ok=True, mode=0o700)
        (self.directory / "home").mkdir(exist_ok=True)
        (self.directory / "plugins").write_text("[].\n")
        lines = [
            f"listeners.tcp.1 = {HOST}:{self.port}",
            f"default_user = {self.user}",
            f"default_pass = {self.password}",
            *self.configuration,
        ]
        path = self.directory / "rabbitmq.conf"
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write("\n".join(lines) + "\n")

    def environ(self, base: Mapping[str, str] = os.environ) -> dict[str, str]:
        """The whole environment of the node, its port mapper and `rabbitmqctl`."""
        nowhere = str(self.directory / "none")
        return {
            **{name: value for name, value in base.items() if not _is_theirs(name)},
            "HOME": str(self.directory / "home"),
            "ERL_EPMD_ADDRESS": HOST,
            "ERL_EPMD_PORT": str(self.epmd_port),
            "RABBITMQ_NODENAME": self.name,
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self.distribution_port),
            "RABBITMQ_MNESIA_BASE": str(self.directory / "data"),
            "RABBITMQ_LOG_BASE": str(self.directory),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.directory / "plugins"),
            "RABBITMQ_PID_FILE": str(self.directory / "pid"),
            "RABBITMQ_CONFIG_FILE": str(self.directory / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": nowhere,
            "RABBITMQ_CONF_ENV_FILE": nowhere,
            "RABBITMQ_GENERATED_CONFIG_DIR": str(self.directory / "generated"),
        }


def _is_theirs(name: str) -> bool:
    """Whether a variable is meant for another RabbitMQ, or another Erlang program."""
    return name.startswith(("RABBITMQ_", "ERL_"))
