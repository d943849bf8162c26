"""What a JUnit file says of a run, of the runs of an experiment, and of a capacity."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from orchestrator.errors import ExitCode
from orchestrator.judge.exit_code import UNTRUE
from orchestrator.judge.wording import clip
from orchestrator.records import VERDICTS, Verdict, label_of
from orchestrator.report import figures
from orchestrator.report.capacity import held, reservation, step_cells, stored_capacity
from orchestrator.report.ending import run_meaning
from orchestrator.report.stored import runs_of

IDS_IN_MESSAGE = 3
IDS_IN_DETAILS = 20
TRACEBACKS = 3
TEXT_LIMIT = 300
JUDGED = frozenset({ExitCode.PASSED, ExitCode.THRESHOLD_FAILED, ExitCode.VERIFICATION_FAILED})
"""With any other exit code the run did not come to its end."""
COUNTER_OF: Mapping[Verdict, str] = {"failed": "tasks_failed", "late": "tasks_late"}
PERCENTILES = ("p50_ms", "p95_ms", "p99_ms", "max_ms")


@dataclass(frozen=True, slots=True)
class Case:
    """One test case. ``group`` is what follows the suite's name in its class name; without a
    ``problem`` it passed, and ``details`` are what it put out."""

    group: str
    name: str
    problem: Literal["failure", "error"] | None = None
    kind: str = ""
    message: str = ""
    details: str = ""
    duration_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Suite:
    """``started_at`` is UTC, to the second, without an offset, as JUnit has it; or empty."""

    name: str
    duration_s: float
    cases: Sequence[Case]
    properties: Mapping[str, str] = field(default_factory=dict)
    started_at: str = ""

    def count(self, problem: Literal["failure", "error"]) -> int:
        return sum(case.problem == problem for case in self.cases)


def run_suite(summary: Mapping[str, Any], name: str = "") -> Suite:
    """The suite of one run, from its ``summary.json``; ``name`` is instead of the scenario's."""
    run = summary["run"]
    return Suite(
        name=name or run["name"],
        duration_s=run["duration_s"],
        cases=(
            _run_case(summary),
            *_threshold_cases(summary["thresholds"]),
            *_verdict_cases(summary["verdicts"], summary["thresholds"]),
        ),
        properties=dict(_properties(summary)),
        started_at=_utc(run["started_at"]),
    )


def experiment_suites(directory: Path, summary: Mapping[str, Any]) -> list[Suite]:
    """A suite for each run of an experiment, in the order in which they were made."""
    name = summary["experiment"]["name"]
    labels = {run_id: label_of(row["axes"]) for row in summary["rows"] for run_id in row["runs"]}
    suites = []
    for run, own in runs_of(directory, summary):
        label = f"{name} {labels.get(run['run_id'], '')} run {run['repeat']}"
        suites.append(_bare_suite(run, label) if own is None else run_suite(own, label))
    return suites


def _bare_suite(run: Mapping[str, Any], name: str) -> Suite:
    """Of a run whose own files are gone: what the experiment's summary says of it."""
    verdicts = {**dict.fromkeys(VERDICTS, 0), **run["verdicts"], "ids": {}, "reasons": {}}
    code = run["exit_code"]
    passed = [each["passed"] for each in run["thresholds"]]
    return Suite(
        name=name,
        duration_s=0.0,
        cases=(
            _ending_case(code, run_meaning(code, run["verdicts"], passed, None), 0.0),
            *_threshold_cases(run["thresholds"]),
            *_verdict_cases(verdicts, run["thresholds"]),
        ),
        properties={"run_id": run["run_id"]},
    )


# ---- the cases ----


def _run_case(summary: Mapping[str, Any]) -> Case:
    run = summary["run"]
    passed = [each["passed"] for each in summary["thresholds"]]
    meaning = run_meaning(run["exit_code"], summary["verdicts"], passed, run["stopped_by"])
    return _ending_case(run["exit_code"], meaning, run["duration_s"])


def _ending_case(code: int, meaning: str, duration_s: float) -> Case:
    said = f"{meaning} (exit code {code})"
    if code in JUDGED:
        return Case("run", "came to its end", details=said, duration_s=duration_s)
    return Case("run", "came to its end", "error", "ended early", said, said, duration_s)


def _threshold_cases(thresholds: Sequence[Mapping[str, Any]]) -> Iterator[Case]:
    for each in thresholds:
        name = f"{each['metric']} {each['expression']}"
        seen = figures.observed(each["metric"], each["expression"], each["observed"])
        said = f"observed {seen}"
        if each["passed"]:
            yield Case("thresholds", name, details=said)
        else:
            yield Case("thresholds", name, "failure", "threshold", said, f"{name}: {said}")


def _verdict_cases(
    verdicts: Mapping[str, Any], thresholds: Sequence[Mapping[str, Any]]
) -> Iterator[Case]:
    """``failed`` and ``late`` fail the run only where nothing in the scenario allows for them: then
    a threshold on their counter is implied, and crossed."""
    crossed = {each["metric"] for each in thresholds if not each["passed"]}
    for verdict in VERDICTS[1:]:
        count = verdicts[verdict]
        name = figures.VERDICT_WORDS[verdict]
        if not count:
            yield Case("verdicts", name)
        elif verdict in UNTRUE or COUNTER_OF[verdict] in crossed:
            message, details = _message(verdicts, verdict), _details(verdicts, verdict)
            yield Case("verdicts", name, "failure", verdict, message, details)
        else:
            counted = figures.counted(verdict, count)
            said = f"{counted}: how many are too many is for the scenario's thresholds to say"
            yield Case("verdicts", name, details=f"{said}\n{_details(verdicts, verdict)}")


def _message(verdicts: Mapping[str, Any], verdict: Verdict) -> str:
    counted = figures.counted(verdict, verdicts[verdict])
    ids = list(verdicts["ids"].get(verdict, ()))[:IDS_IN_MESSAGE]
    if not ids:
        return counted
    more = verdicts[verdict] - len(ids)
    return f"{counted}: {', '.join(ids)}" + (f" and {more:,} more" if more else "")


def _details(verdicts: Mapping[str, Any], verdict: Verdict) -> str:
    """The tasks by id, with the reason; and a few tracebacks."""
    names, reasons = verdicts.get("tasks", {}), verdicts["reasons"]
    ids = list(verdicts["ids"].get(verdict, ()))[:IDS_IN_DETAILS]
    lines = [
        clip(f"{task_id} {names.get(task_id, '')}: {reasons.get(task_id, '')}", TEXT_LIMIT)
        for task_id in ids
    ]
    if more := verdicts[verdict] - len(ids):
        lines.append(f"and {more:,} more: see summary.json and tasks.csv.gz")
    tracebacks = verdicts.get("tracebacks", {})
    traced = [task_id for task_id in ids if task_id in tracebacks][:TRACEBACKS]
    return "\n".join([*lines, *(f"\n{task_id}\n{tracebacks[task_id]}" for task_id in traced)])


# ---- beside the cases ----


def _properties(summary: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    run, environment = summary["run"], summary["environment"]
    yield "run_id", run["id"]
    yield "exit_code", str(run["exit_code"])
    for name in ("orchestrator", "celery", "kombu", "python"):
        yield f"version.{name}", str(environment[name])
    broker = environment["broker"]
    yield "broker", f"{broker['kind']} {broker['version']}".strip()
    for name, rate in summary["rates"].items():
        yield name, f"{rate:.6g}"
    for name in ("sent", *VERDICTS):
        yield f"verdicts.{name}", str(summary["verdicts"][name])
    for name, trend in summary["metrics"].items():
        for point in PERCENTILES:
            if trend["count"]:
                yield f"{name}.{point}", f"{trend[point]:.3f}"


def _utc(started_at: str) -> str:
    return f"{datetime.fromisoformat(started_at).astimezone(UTC):%Y-%m-%dT%H:%M:%S}"


def capacity_suite(summary: Mapping[str, Any]) -> Suite:
    """The suite of a search: whether it came to an end, whether a rate held, and whether every
    result was right."""
    capacity = stored_capacity(summary)
    code, said = capacity.exit_code, f"{held(capacity)} ({reservation(capacity)})"
    steps = "\n".join(
        f"{', '.join(step_cells(step))}: {'held' if step.held else '; '.join(step.why)}"
        for step in capacity.steps
    )
    cases = [_ending_case(code, said, capacity.duration_s)]
    found = Case("capacity", "a rate held", details=f"{said}\n{steps}")
    if code == ExitCode.THRESHOLD_FAILED:
        found = Case("capacity", "a rate held", "failure", "capacity", said, steps)
    cases.append(found)
    for verdict in UNTRUE:
        counted = figures.counted(verdict, sum(s.verdicts.get(verdict, 0) for s in capacity.steps))
        name = figures.VERDICT_WORDS[verdict]
        wrong = not counted.startswith("0 ")
        cases.append(
            Case("verdicts", name, "failure", verdict, counted) if wrong else Case("verdicts", name)
        )
    return Suite(
        name=capacity.name,
        duration_s=capacity.duration_s,
        cases=tuple(cases),
        properties={
            "id": capacity.id,
            "workload": capacity.workload,
            "held_per_s": "" if capacity.held_per_s is None else f"{capacity.held_per_s:.6g}",
            "failed_per_s": "" if capacity.failed_per_s is None else f"{capacity.failed_per_s:.6g}",
            "limited_by": capacity.limited_by,
        },
    )
