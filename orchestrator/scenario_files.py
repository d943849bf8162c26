"""How scenario files become checked plans, each with its app loaded and its task names known.

Importing this costs nothing: Celery and the models are imported when files are read."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.errors import Problem, ScenarioError, UsageError
from orchestrator.records import Call, Plan

if TYPE_CHECKING:
    from celery import Celery

    from orchestrator.scenario import Marks, Variant

ROUTING_SETTINGS = frozenset(
    {"task_routes", "task_queues", "task_default_queue", "task_default_routing_key"}
)
"""With these in the target the queues are known only once it has been applied."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A plan whose app is loaded and whose task names are known to it; ``settings`` are the values
    of a matrix that are in it. ``marks`` find the place in its file."""

    path: Path
    plan: Plan
    app: "Celery"
    settings: Mapping[str, Any] = field(default_factory=dict)
    marks: "Marks | None" = None


@dataclass(frozen=True, slots=True)
class Scenarios:
    """All combinations of one file's matrix (one without a matrix), each to be run so often."""

    path: Path
    variants: Sequence[Scenario]
    repeats: int = 1

    @property
    def runs(self) -> int:
        return len(self.variants) * self.repeats


def load_scenarios(
    paths: Sequence[Path],
    overrides: Sequence[str],
    target: str | None,
    broker: str | None,
    vary: Sequence[str] = (),
) -> list[Scenarios]:
    """Read all files, load their apps and look up their tasks; all problems of all files are raised
    at once."""
    problems: list[Problem] = []
    scenarios = [
        Scenarios(path, [_with_app(path, variant, problems) for variant in variants], repeats)
        for path, variants, repeats in read_scenarios(paths, overrides, target, broker, vary)
    ]
    if problems:
        raise ScenarioError(list(dict.fromkeys(problems)))
    return scenarios


def read_scenarios(
    paths: Sequence[Path],
    overrides: Sequence[str],
    target: str | None,
    broker: str | None,
    vary: Sequence[str] = (),
) -> list[tuple[Path, list["Variant"], int]]:
    """Only the files: of each its combinations, and how often each is to be run. Whether the apps
    know the tasks is not asked. Raises `ScenarioError` with all problems of all files."""
    from orchestrator.scenario import load_variants

    problems: list[Problem] = []
    read = []
    for path in paths:
        try:
            variants, repeats = load_variants(
                path,
                overrides=overrides,
                target=target,
                broker=broker,
                vary=vary,
                environ=os.environ,
            )
            read.append((path, variants, repeats))
        except ScenarioError as exc:
            problems.extend(exc.problems)
    if problems:
        raise ScenarioError(problems)
    return read


def _with_app(path: Path, variant: "Variant", problems: list[Problem]) -> Scenario:
    from orchestrator.celery_app import load_app
    from orchestrator.scenario import calls

    plan, app = variant.plan, load_app(variant.plan.app)
    for place, call in calls(plan):
        try:
            _check_call(app, plan, call)
        except UsageError as exc:
            problems.append(variant.marks.problem(place, str(exc)))
    return Scenario(path, plan, app, variant.settings, variant.marks)


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
