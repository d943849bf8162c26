"""The README is true: its commands run, its links lead somewhere, its error line is real."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

from orchestrator.cli import COMMANDS
from orchestrator.errors import ExitCode
from tests.acceptance.command import ROOT, Command

README = (ROOT / "README.md").read_text()
COMMAND_LINES = re.findall(r"^\$ python -m orchestrator (.+)$", README, flags=re.MULTILINE)
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A place that looks like a checkout and may be written to."""
    for name in ("scenarios", "tasks"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


@pytest.mark.parametrize("line", COMMAND_LINES)
def test_every_command_of_the_readme_runs(command: Command, checkout: Path, line: str) -> None:
    done = command(*shlex.split(line), cwd=checkout)
    assert done.code == 0, done.err
    assert done.out


def test_the_readme_names_every_command_and_every_exit_code() -> None:
    for name in COMMANDS:
        assert f"python -m orchestrator {name}" in README or f"`{name}" in README or name in README
    for code in ExitCode:
        assert re.search(rf"^\| (.*\b)?{code.value}\b", README, flags=re.MULTILINE), code


def test_the_readmes_scenario_runs(command: Command, checkout: Path) -> None:
    (text,) = re.findall(r"```yaml\n(version: 1.+?)```", README, flags=re.DOTALL)
    assert yaml.safe_load(text)["name"] == "sums"
    path = checkout / "sums.yaml"
    path.write_text(text)
    done = command("run", path, "--set", "workloads.sums.duration=1s", cwd=checkout)
    assert done.code == 0, done.err + done.out


def test_the_readmes_error_is_the_real_one(command: Command, checkout: Path) -> None:
    (shown,) = re.findall(r"```text\n(sums\.yaml:.+?)\n```", README, flags=re.DOTALL)
    (text,) = re.findall(r"```yaml\n(version: 1.+?)```", README, flags=re.DOTALL)
    (checkout / "sums.yaml").write_text(text.replace("concurrency", "concurency"))
    done = command("check", "sums.yaml", cwd=checkout)
    assert done.code == ExitCode.USAGE
    assert done.err.strip() == shown


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_to_a_file(document: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text()):
        assert (document.parent / target).exists(), target
