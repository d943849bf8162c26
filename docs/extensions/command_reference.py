"""The commands' reference, made of the commands themselves when the site is built.

`<!-- commands -->` in a page (`references.py`) becomes a section for each command: what `--help`
says, as Markdown. A new command, or a new option, is in it without a word here. Help texts are
plain text: nothing in them is read as Markdown, but for `code`."""

import inspect
import re
from collections.abc import Iterator

import click

from orchestrator.cli import COMMANDS, cli

PROGRAM = "python -m orchestrator"
AS_WRITTEN = "\b"
"""Before a paragraph of a help text that click leaves as it is."""


def commands() -> str:
    """A section for each command."""
    return "\n".join(line for name in COMMANDS for line in _command(name))


def _command(name: str) -> Iterator[str]:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    context = click.Context(command, info_name=f"{PROGRAM} {name}")
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"## {name}\n"
    yield f"```text\n{context.command_path} {usage}\n```\n"
    yield from _paragraphs(command.help or "")
    yield from _options(command, context)
    yield from _paragraphs(command.epilog or "")


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    """What stands in the usage and needs no word (an argument, `--help`) is left out."""
    options = [each for each in command.params if isinstance(each, click.Option)]
    records = [found for each in options if (found := each.get_help_record(context))]
    if records:
        rows = "\n".join(f"| {_code(names)} | {plain(text)} |" for names, text in records)
        yield f"| option | meaning |\n|---|---|\n{rows}\n"


def _code(options: str) -> str:
    """`-q, --quiet` -> each in a code span of its own, so that a narrow page can break the line."""
    return ", ".join(f"`{each}`" for each in options.replace("|", r"\|").split(", "))


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        if not paragraph.startswith(AS_WRITTEN):
            yield plain(paragraph) + "\n"
            continue
        lines = paragraph.removeprefix(AS_WRITTEN).strip("\n").splitlines()
        indented = [line.strip() for line in lines if line.startswith(" ")]
        yield plain(" ".join(line for line in lines if not line.startswith(" "))) + "\n"
        if indented:
            yield "```sh\n" + "\n".join(indented) + "\n```\n"


def plain(text: str) -> str:
    """The text as Markdown that shows just this, on one line; `code` stays code."""
    parts = re.split(r"(`[^`]+`)", " ".join(text.split()))
    return "".join(_code(part[1:-1]) if part[:1] == "`" else _escaped(part) for part in parts)


def _escaped(text: str) -> str:
    return re.sub(r"([\\*_<>\[\]|#{}$~])", r"\\\1", text)
