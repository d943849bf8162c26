"""Options and arguments that several commands share, and how a scenario file becomes a checked
plan."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.errors import Problem, ScenarioError, UsageError
from orchestrator.records import Call, Plan

if TYPE_CHECKING:
    from celery import Celery

    from orchestrator.scenario import Marks

ROUTING_SETTINGS = frozenset(
    {"task_routes", "task_queues", "task_default_queue", "task_default_routing_key"}
)
"""With these in the target the queues are known only once it has been applied."""


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
            "--target",
            metavar="FILE|URL|attach",
            help="A file with another target, a broker URL, or attach: drive the workers that are "
            "there already.",
        ),
        click.option(
            "--broker",
            metavar="URL|KIND",
            help="The broker: embedded, redis, valkey, rabbitmq, app, or a URL.",
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


def _with_app(path: Path, plan: Plan, marks: "Marks", problems: list[Problem]) -> Scenario:
    from orchestrator.celery_app import load_app
    from orchestrator.scenario import calls

    app = load_app(plan.app)
    for place, call in calls(plan):
        try:
            _check_call(app, plan, call)
        except UsageError as exc:
            problems.append(marks.problem(place, str(exc)))
    return Scenario(path, plan, app)


def _check_call(app: "Celery", plan: Plan, call: Call) -> None:
    """Raises `UsageError` for a task that the app does not have, or that no pool would consume."""
    from orchestrator.celery_app import resolve_task, task_queue

    name = resolve_task(app, call.task)
    consumed = sorted({queue for pool in plan.pools for queue in pool.queues})
    if not consumed or ROUTING_SETTINGS & plan.target.settings.keys():
        return
    queue = task_queue(app, name, {"queue": call.queue} if call.queue else {})
    if queue not in consumed:
        raise UsageError(
            f"task {name!r} goes to queue {queue!r}, which no worker of the scenario consumes "
            f"(they consume {', '.join(consumed)})"
        )
