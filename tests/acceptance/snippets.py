"""The fenced blocks of our Markdown pages, and what the comment before each says of its test."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

PROGRAM = ["python", "-m", "orchestrator"]
SCRIPT = ["celery-orchestrator"]
SHELL = ("sh", "shell", "bash", "console")
COMMENT = re.compile(r"\A<!--\s*(.*?)\s*-->\s*\Z", re.DOTALL)
TEST = re.compile(r"tests/[\w/]+\.py(?:::\w+)?")
SCENARIO = re.compile(r"^version: 1$", re.MULTILINE)
_END = re.compile(r"[|&;<>()]+")


@dataclass(frozen=True)
class Block:
    """One fenced block; ``note`` is the comment directly before it, empty when there is none."""

    page: Path
    line: int
    language: str
    text: str
    note: str = ""

    @property
    def tests(self) -> list[str]:
        """The tests that the note names: a file, or `file::test`."""
        return TEST.findall(self.note)

    @property
    def is_scenario(self) -> bool:
        """Whether it is a whole one."""
        return self.language == "yaml" and SCENARIO.search(self.text) is not None

    @property
    def script(self) -> str:
        """What is typed: of a console, the lines behind the prompt."""
        if self.language != "console":
            return self.text
        lines = self.text.splitlines()
        return "\n".join(line[2:] for line in lines if line.startswith("$ "))

    def commands(self) -> Iterator[list[str]]:
        """The arguments of each `python -m orchestrator ...` in it."""
        if self.language in SHELL:
            for line in self.script.replace("\\\n", " ").splitlines():
                yield from _commands(line)

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks(page: Path) -> list[Block]:
    """Those that are in a language. What is in none, or in `text`, is what something prints."""
    found, note = [], ""
    for token in MarkdownIt("commonmark").parse(page.read_text(encoding="utf-8")):
        if token.type == "fence" and _is_language(token.info):
            line = token.map[0] + 1 if token.map else 0
            found.append(Block(page, line, token.info, token.content, note))
        comment = COMMENT.match(token.content) if token.type == "html_block" else None
        note = comment[1] if comment else ""
    return found


def _is_language(info: str) -> bool:
    return info not in ("", "text") and not info.startswith("{")


def _commands(line: str) -> Iterator[list[str]]:
    reader = shlex.shlex(line, posix=True, punctuation_chars=True)
    reader.whitespace_split = True
    command: list[str] = []
    for word in [*reader, ";"]:
        if not _END.fullmatch(word):
            command.append(word)
            continue
        yield from _arguments(command)
        command = []


def _arguments(command: list[str]) -> Iterator[list[str]]:
    """`venv/bin/python -m orchestrator run ...` -> `run ...`."""
    if not command:
        return
    program = [command[0].rpartition("/")[2], *command[1:]]
    for start in (PROGRAM, SCRIPT):
        if program[: len(start)] == start:
            yield program[len(start) :]
