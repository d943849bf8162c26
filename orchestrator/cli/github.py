"""What GitHub Actions reads of a command: annotations, and the summary of the step.

Annotations go to stderr, which the runner reads like stdout (`ScriptHandler.cs` of actions/runner
has one reader for each), so that stdout stays one JSON document."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from orchestrator.errors import Problem

MOST_ANNOTATIONS = 10
"""GitHub shows so many errors of a step."""
MESSAGE_LIMIT = 1000
SUMMARY_LIMIT = 1000 * 1024
"""GitHub drops a step's whole summary beyond 1024 KiB, what others wrote to it included; and from a
few bytes below it on without a word (actions/runner#4337)."""
LEFT_OUT = "\n\nThe rest is left out, because a step's summary is limited: see {path}.\n"


@dataclass(frozen=True, slots=True)
class Annotation:
    """An error at a place; ``line`` and ``column`` count from 1, 0 is none."""

    message: str
    title: str = ""
    file: str = ""
    line: int = 0
    column: int = 0


def of_problem(problem: Problem) -> Annotation:
    path = f"{problem.path}: " if problem.path else ""
    message = f"{path}{problem.message}"
    return Annotation(message, "scenario", problem.file, problem.line, problem.column)


class Annotations:
    """Those of one command: after the tenth there is no more. Outside of GitHub it says nothing."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._environ = environ
        self._left = MOST_ANNOTATIONS if environ.get("GITHUB_ACTIONS") == "true" else 0

    def add(self, annotations: Sequence[Annotation]) -> None:
        """Write them; where they are too many, the last one says so."""
        shown = list(annotations[: self._left])
        if len(shown) < len(annotations) and shown:
            more = len(annotations) - len(shown) + 1
            shown[-1] = Annotation(f"and {more:,} more: see the log of the step", shown[-1].title)
        for annotation in shown:
            click.echo(command_line(annotation, self._environ.get("GITHUB_WORKSPACE")), err=True)
        self._left -= len(shown)


def command_line(annotation: Annotation, workspace: str | None = None) -> str:
    """``::error file=...,line=...,col=...,title=...::message``, escaped as the runner undoes it. A
    file below ``workspace`` is named from there, wherever the command runs."""
    properties = {
        "file": _from(workspace, annotation.file) if annotation.file else "",
        "line": str(annotation.line or ""),
        "col": str(annotation.column or ""),
        "title": annotation.title,
    }
    told = ",".join(f"{key}={_property(value)}" for key, value in properties.items() if value)
    message = annotation.message
    if len(message) > MESSAGE_LIMIT:
        message = f"{message[:MESSAGE_LIMIT]}..."
    return f"::error {told}::{_data(message)}" if told else f"::error::{_data(message)}"


def _from(workspace: str | None, file: str) -> str:
    path = Path(os.path.abspath(file))
    if workspace and path.is_relative_to(os.path.abspath(workspace)):
        return str(path.relative_to(os.path.abspath(workspace)))
    return file


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def append_step_summary(path: Path, environ: Mapping[str, str] = os.environ) -> None:
    """Append the Markdown of ``path`` to the step's summary, when there is one and there is room in
    it. What goes wrong is one line on stderr, and no error."""
    target = environ.get("GITHUB_STEP_SUMMARY")
    if not target:
        return
    try:
        text = path.read_bytes()
        with Path(target).open("ab") as file:
            room = SUMMARY_LIMIT - file.tell()
            if fitting := _fitting(text, room, LEFT_OUT.format(path=path).encode()):
                file.write(fitting)
                return
        click.echo(f"the step's summary is full; see {path}", err=True)
    except OSError as exc:
        click.echo(f"the step's summary cannot be written: {exc.strerror or exc}", err=True)


def _fitting(text: bytes, room: int, left_out: bytes) -> bytes:
    """``text`` with a line after it, or as many of its lines as there is room for."""
    if len(text) + 1 <= room:
        return text + b"\n"
    kept = text[: max(0, room - len(left_out))].rpartition(b"\n")[0]
    return kept + left_out if kept else b""
