"""The command line's shape: help for all, nothing heavy imported, errors without a traceback."""

import subprocess
import sys

import click
import pytest

from orchestrator.cli import COMMANDS, cli, run_command
from orchestrator.errors import ExitCode

HEAVY = (
    "celery",
    "kombu",
    "redis",
    "numpy",
    "gevent",
    "eventlet",
    "pydantic",
    "prometheus_client",
    "anyio",
)


@pytest.mark.parametrize("argv", [["--help"], ["--version"], ["run", "--help"], ["call", "--help"]])
def test_help_and_version_import_nothing_heavy(argv: list[str]) -> None:
    program = (
        "import sys\n"
        "from orchestrator.cli import run_command\n"
        f"code = run_command({argv!r})\n"
        f"heavy = [name for name in {HEAVY[:-1]!r} if name in sys.modules]\n"
        "assert code == 0 and not heavy, (code, heavy)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "celery-orchestrator" in done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_a_summary(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert command.name == name
    assert len(command.help or "") > 30
    assert all(parameter.name for parameter in command.params)


def test_an_unknown_command_is_met_with_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["rum"]) == ExitCode.USAGE
    assert "Did you mean run?" in capsys.readouterr().err


def test_an_unknown_option_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["run", "x.yaml", "--nosuch"]) == ExitCode.USAGE
    assert "--nosuch" in capsys.readouterr().err
