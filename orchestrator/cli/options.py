"""Options and arguments that several commands share, and how a scenario file becomes a checked
plan."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.errors import Problem, ScenarioError, UsageError
from orchestrator.records import Plan

if TYPE_CHECKING:
    from celery import Celery


@dataclass(frozen=True, slots=True)
class Scenario:
    """A plan whose app is loaded and whose task names are known to it."""

    path: Path
    plan: Plan
    app: "Celery"


def scenario_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """SCENARIO..., --set, --target and --broker."""
    decorators = [
        click.argument(
            "scenarios",
            metavar="SCENARIO...",
            nargs=-1,
            required=True,
            type=click.Path(path_type=Path),
        ),
        click.option(
            "--set",
            "overrides",
            metavar="KEY=VALUE",
            multiple=True,
            help="Override a key of the file, for example workloads.sums.rate=50/s; repeatable.",
        ),
        click.option(
            "--target", metavar="FILE|URL", help="A file with another target, or a broker URL."
        ),
        click.option(
            "--broker",
            metavar="URL|KIND",
            help="The broker: embedded, redis, valkey, app, or a URL.",
        ),
    ]
    for decorator in reversed(decorators):
        function = decorator(function)
    return function


def load_scenarios(
    paths: Sequence[Path], overrides: Sequence[str], target: str | None, broker: str | None
) -> list[Scenario]:
    """Read all files, load their apps and look up their tasks; all problems of all files are raised
    at once."""
    from orchestrator.scenario import load_with_marks

    problems: list[Problem] = []
    loaded = []
    for path in paths:
        try:
            loaded.append(
                (
                    path,
                    *load_with_marks(
                        path, overrides=overrides, target=target, broker=broker, environ=os.environ
                    ),
                )
            )
        except ScenarioError as exc:
            problems.extend(exc.problems)
    if problems:
        raise ScenarioError(problems)
    scenarios = [_with_app(path, plan, marks, problems) for path, plan, marks in loaded]
    if problems:
        raise ScenarioError(problems)
    return scenarios


def _with_app(path: Path, plan: Plan, marks: Any, problems: list[Problem]) -> Scenario:
    from orchestrator.celery_app import load_app, resolve_task
    from orchestrator.scenario import calls

    app = load_app(plan.app)
    for place, call in calls(plan):
        try:
            resolve_task(app, call.task)
        except UsageError as exc:
            problems.append(marks.problem(place, str(exc)))
    return Scenario(path, plan, app)
