"""Every snippet of the documentation is run, checked, or says which test runs it."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from orchestrator.cli import COMMANDS, cli
from tests.acceptance.command import ROOT, Command
from tests.acceptance.snippets import SHELL, Block, blocks

DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
BLOCKS = [block for page in PAGES for block in blocks(page)]
RUN = re.compile(r"(?P<dry>dry )?run(: exit (?P<code>\d+))?")
FILE = re.compile(r"file: (?P<name>[\w.-]+)")
FROM = re.compile(r"from (?P<path>[\w./-]+)")
PART = "part of a scenario"
RUN_S = 150

INSTALL = re.compile(
    r"(sudo )?((apt-get|brew|(\S+/)?pip|python -m pip|uv pip) install\b|python -m venv\b).*"
)
"""What is not run by any test, because it would change the machine that the tests run on."""

ELSEWHERE = {
    ("ci.md", "sh"): "tests/acceptance/test_readme.py",
    ("ci.md", "yaml"): "tests/acceptance/test_ci.py",
    ("client.md", "python"): "tests/integration/test_client_docs.py",
    ("compare.md", "sh"): "tests/acceptance/test_compare.py",
    ("deploy.md", "sh"): "tests/deploy/test_compose.py",
    ("files.md", "sh"): "tests/acceptance/test_files.py",
    ("kubernetes.md", "sh"): "tests/acceptance/test_kubernetes.py",
    ("kubernetes.md", "yaml"): "tests/acceptance/test_kubernetes.py",
    ("pytest.md", "python"): "tests/acceptance/test_pytest_docs.py",
    ("pytest.md", "yaml"): "tests/acceptance/test_pytest_docs.py",
    ("tutorial.md", "python"): "tests/acceptance/test_tutorial.py",
    ("tutorial.md", "sh"): "tests/acceptance/test_tutorial.py",
}
"""Pages that a test of their own goes through, for blocks in this language."""

BASE = """
version: 1
name: part
app: tasks.app:app
workers: {all: {queues: [add, factorial, mat_mul], pool: threads}}
workloads: {sums: {executor: shared-iterations, canvas: {task: add, args: [1, 2]}}}
"""


def how(block: Block) -> str:
    """How it is tested; empty when nothing says so."""
    for pattern in (RUN, FILE, FROM):
        if pattern.fullmatch(block.note):
            return pattern.pattern
    if block.note == PART:
        return PART
    if run_by(block):
        return "elsewhere"
    if block.is_scenario:
        return PART
    lines = block.script.splitlines()
    return "installs" if all(INSTALL.match(line) for line in lines) else ""


def run_by(block: Block) -> list[str]:
    """The tests that run it, by its own word or by that of its page."""
    of_page = ELSEWHERE.get((block.page.name, block.language))
    return block.tests or ([of_page] if of_page else [])


def of_kind(*notes: re.Pattern[str]) -> list[Block]:
    return [block for block in BLOCKS if any(note.fullmatch(block.note) for note in notes)]


def test_every_block_says_how_it_is_tested() -> None:
    """CONTRIBUTING.md, "Documentation", has what a comment before a block may say."""
    assert len(BLOCKS) > 30
    assert not [
        f"{block}: {block.note or 'no comment before it'}" for block in BLOCKS if not how(block)
    ]


@pytest.mark.parametrize("named", sorted({named for each in BLOCKS for named in run_by(each)}))
def test_the_test_that_is_named_exists(named: str) -> None:
    path, _, name = named.partition("::")
    assert (ROOT / path).is_file(), named
    if name:
        assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), named


@pytest.mark.parametrize("block", of_kind(FROM), ids=str)
def test_code_that_is_shown_stands_so_in_its_file(block: Block) -> None:
    """The page may leave lines out, and blank ones are passed over."""
    found = FROM.fullmatch(block.note)
    assert found
    lines = iter((ROOT / found["path"]).read_text(encoding="utf-8").splitlines())
    for line in filter(None, block.text.splitlines()):
        assert line in lines, f"not in {found['path']}, or not there: {line}"


def test_every_scenario_is_valid(command: Command, tmp_path: Path) -> None:
    """Also the parts of one: they are completed with what they leave out."""
    paths = []
    for block in BLOCKS:
        if how(block) in (PART, FILE.pattern):
            text = block.text if block.is_scenario else completed(block.text)
            path = tmp_path / f"{block.page.stem}-{block.line}.yaml"
            path.write_text(text, encoding="utf-8")
            paths.append(path)
    done = command("check", *paths)
    assert done.code == 0, done.err


def completed(part: str) -> str:
    whole: dict[str, Any] = {**yaml.safe_load(BASE), **(yaml.safe_load(part) or {})}
    return yaml.safe_dump(whole)


def _ids(arguments: Sequence[str]) -> str:
    return " ".join(arguments)[:60]


@pytest.mark.parametrize(
    "arguments", [each for block in BLOCKS for each in block.commands()], ids=_ids
)
def test_every_command_is_one_that_there_is(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of those that no test runs as they stand: its options exist and take what is given."""
    understood(arguments, monkeypatch)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_examples_of_a_help_text_are_understood(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    epilog = cli_command(name).epilog or ""
    found = list(Block(Path(name), 0, "sh", epilog).commands())
    for arguments in found:
        understood(arguments, monkeypatch)
    assert found or name == "schema"


def cli_command(name: str) -> click.Command:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None, f"no command {name!r}"
    return command


def understood(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)  # where paths that are given are looked for
    name, *rest = arguments
    try:
        cli_command(name).make_context(name, rest)
    except click.exceptions.Exit:
        assert "--help" in rest
    except click.BadParameter as error:
        assert "does not exist" in error.format_message(), error  # a run, or a file of the page's


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A place that looks like a checkout and may be written to."""
    directory = tmp_path / "checkout"
    directory.mkdir()
    for name in ("scenarios", "tasks", "docs"):
        (directory / name).symlink_to(ROOT / name)
    return directory


STORIES = sorted({block.page for block in of_kind(RUN)})


@pytest.mark.parametrize("page", STORIES, ids=lambda page: page.stem)
def test_the_commands_of_a_page_run_one_after_the_other(
    page: Path, command: Command, checkout: Path
) -> None:
    for block in of_kind(RUN, FILE):
        if block.page == page:
            perform(block, command, checkout)


def perform(block: Block, command: Command, checkout: Path) -> None:
    if file := FILE.fullmatch(block.note):
        (checkout / file["name"]).write_text(block.text, encoding="utf-8")
        return
    found = RUN.fullmatch(block.note)
    assert found
    wanted = int(found["code"] or 0)
    if found["dry"]:
        for arguments in block.commands():
            done = command(*arguments, "--dry-run", cwd=checkout)
            assert done.code == wanted, f"{block}: {done.err}"
    else:
        code, said = typed(block, command, checkout)
        assert code == wanted, f"{block}: {said}"


def typed(block: Block, command: Command, checkout: Path) -> tuple[int, str]:
    """The exit code, and what was printed."""
    program = ["sh", "-ec"] if block.language in SHELL else [sys.executable, "-W", "error", "-c"]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        [*program, block.script],
        cwd=checkout,
        env=command.environ({"PATH": path}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=RUN_S,
        check=False,
    )
    return done.returncode, done.stdout
