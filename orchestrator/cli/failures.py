"""What a run that did not pass is annotated with, at the place in its scenario."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestrator.cli.github import Annotation, of_problem
from orchestrator.cli.options import Scenario
from orchestrator.errors import ExitCode
from orchestrator.records import Experiment, RunResult, ThresholdResult

IDS_SHOWN = 3


def failures_of(scenario: Scenario, result: RunResult) -> list[Annotation]:
    """One for what was not verified, and one for each threshold that failed."""
    return [*_unverified(scenario, result), *_thresholds(scenario, result)]


def failures_of_all(path: Path, experiment: Experiment) -> list[Annotation]:
    """One for all runs of an experiment that did not pass."""
    from orchestrator.report.ending import experiment_ending

    code = experiment.exit_code
    if code == ExitCode.PASSED:
        return []
    made, planned = len(experiment.trials), experiment.planned
    said = experiment_ending(code, made, planned, experiment.duration_s)
    return [Annotation(said, experiment.name, str(path))]


def _unverified(scenario: Scenario, result: RunResult) -> Iterator[Annotation]:
    from orchestrator.judge.exit_code import UNTRUE
    from orchestrator.report.figures import counted

    judgement = result.judgement
    found = [verdict for verdict in UNTRUE if judgement.counts.get(verdict)]
    if not found:
        return
    said = ", ".join(counted(verdict, judgement.counts[verdict]) for verdict in found)
    ids = [task_id for verdict in found for task_id in judgement.ids[verdict]][:IDS_SHOWN]
    message = f"verification failed: {said} (the first: {', '.join(ids)})"
    yield Annotation(message, result.plan.name, str(scenario.path))


def _thresholds(scenario: Scenario, result: RunResult) -> Iterator[Annotation]:
    from orchestrator.report.figures import observed

    for each in result.judgement.thresholds:
        if each.passed:
            continue
        seen = observed(each.metric, each.expression, each.observed)
        message = f"{each.metric} {each.expression}: observed {seen}"
        yield _placed(scenario, each, message)


def _placed(scenario: Scenario, threshold: ThresholdResult, message: str) -> Annotation:
    """Where the threshold stands in the file; at the thresholds when it was implied."""
    title = f"{scenario.plan.name}: threshold"
    if scenario.marks is None:
        return Annotation(message, title, str(scenario.path))
    path = _path(scenario.plan.source.get("thresholds"), threshold)
    problem = scenario.marks.problem(path, "")
    place = of_problem(problem)
    return Annotation(message, title, place.file, place.line, place.column)


def _path(thresholds: Any, wanted: ThresholdResult) -> tuple[str | int, ...]:
    checks = thresholds.get(wanted.metric) if isinstance(thresholds, Mapping) else None
    if not isinstance(checks, Sequence) or isinstance(checks, str):
        return ("thresholds",)
    texts = [each["threshold"] if isinstance(each, Mapping) else each for each in checks]
    at = [index for index, text in enumerate(texts) if text == wanted.expression]
    return ("thresholds", wanted.metric, *at[:1])
