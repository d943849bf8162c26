"""``capacity``: the highest arrival rate that holds its objectives."""

import json
import secrets
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import click

from orchestrator.cli.error_report import report_error
from orchestrator.cli.one_run import to_step_summary, written_or_said
from orchestrator.cli.options import Scenario, Scenarios, load_scenarios, scenario_options
from orchestrator.cli.progress import Live, Plain, Silent, open_progress
from orchestrator.cli.reports import Kinds, report_option
from orchestrator.errors import UsageError
from orchestrator.report.new_directory import make_directory, with_logs

if TYPE_CHECKING:
    from orchestrator.experiments.capacity import CapacityQuestion, CapacitySearch
    from orchestrator.records import Capacity, Step, Threshold, WorkloadPlan


class _Quantity(click.ParamType[float]):
    """A rate (``50/s``) or a duration (``30s``), as in a scenario."""

    def __init__(self, name: str) -> None:
        self.name = name

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        from orchestrator.scenario.quantities import duration_s, rate_per_s

        read = rate_per_s if self.name == "rate" else duration_s
        try:
            return value if isinstance(value, float) else read(str(value))
        except ValueError as exc:
            self.fail(str(exc), param, ctx)


@click.command(
    "capacity",
    epilog="\b\nExamples:\n"
    "  python -m orchestrator capacity scenarios/capacity.yaml --workload naps "
    '--slo "task_duration p(95)<200ms"\n'
    "  python -m orchestrator capacity my.yaml --workload sums "
    '--slo "canvas_duration p(99)<1s" --max-rate 500/s --json',
)
@scenario_options
@click.option("--workload", metavar="NAME", help="Which one, where the scenario has several.")
@click.option(
    "--slo",
    "objectives",
    metavar="'METRIC CHECK'",
    multiple=True,
    required=True,
    help='What must hold, for example "task_duration p(95)<200ms"; repeatable.',
)
@click.option(
    "--start-rate", type=_Quantity("rate"), default="10/s", show_default=True, help="The first."
)
@click.option(
    "--max-rate",
    type=_Quantity("rate"),
    default="100000/s",
    show_default=True,
    help="No rate above this is tried.",
)
@click.option(
    "--step",
    "step_s",
    type=_Quantity("duration"),
    default="5s",
    show_default=True,
    help="How long a rate is tried at least; longer where a percentile needs more samples.",
)
@click.option(
    "--tolerance",
    type=click.FloatRange(0.01, 0.5),
    default=0.05,
    show_default=True,
    help="How close the rate that held and the one that did not must come to each other.",
)
@click.option(
    "--max-time",
    "max_time_s",
    type=_Quantity("duration"),
    default="10m",
    show_default=True,
    help="No step is begun that would end after this.",
)
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("runs"),
    show_default=True,
    help="Where run directories are made.",
)
@report_option("Which reports are written, by default all that there are of a capacity.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
@click.option("-q", "--quiet", is_flag=True, help="No progress on stderr.")
def command(
    scenarios: tuple[Path, ...],
    overrides: tuple[str, ...],
    target: str | None,
    broker: str | None,
    workload: str | None,
    objectives: tuple[str, ...],
    start_rate: float,
    max_rate: float,
    step_s: float,
    tolerance: float,
    max_time_s: float,
    out: Path,
    kinds: Kinds | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Find the highest arrival rate of a workload of SCENARIO at which every objective holds, the
    backlog does not grow, and nothing is dropped.

    The rate is doubled until one does not hold, then the border is closed in on. All steps use the
    same broker and workers; the workload's canvas is sent at a constant rate, whatever its own
    executor; other workloads rest. The answer is a rate that was really shown to hold."""
    from orchestrator.experiments.capacity import CapacityQuestion
    from orchestrator.report.rendering import check_kinds

    check_kinds("capacity", kinds)
    scenario = _one(load_scenarios(scenarios, overrides, target, broker))
    question = CapacityQuestion(
        plan=scenario.plan,
        workload=_workload(scenario, workload),
        objectives=tuple(map(_objective, objectives)),
        start_per_s=start_rate,
        max_per_s=max_rate,
        tolerance=tolerance,
        step_s=step_s,
        max_time_s=max_time_s,
    )
    with open_progress(quiet=quiet, name=scenario.plan.name) as progress:
        capacity, directory = _search(question, scenario, out, progress)
    _report(capacity, directory, as_json=as_json, kinds=kinds)
    return capacity.exit_code


def _one(loaded: list[Scenarios]) -> Scenario:
    variants = [variant for each in loaded for variant in each.variants]
    if len(variants) != 1:
        raise UsageError("capacity takes one scenario, without a matrix")
    return variants[0]


def _workload(scenario: Scenario, name: str | None) -> "WorkloadPlan":
    workloads = {workload.name: workload for workload in scenario.plan.workloads}
    if name is None and len(workloads) == 1:
        return next(iter(workloads.values()))
    if name not in workloads:
        known = ", ".join(workloads)
        asked = f"there is no workload {name!r}" if name else "say which workload: --workload NAME"
        raise UsageError(f"{scenario.path}: {asked} (it has {known})")
    return workloads[name]


def _objective(text: str) -> "Threshold":
    from orchestrator.scenario import threshold_of

    key, _, check = text.strip().partition(" ")
    try:
        return threshold_of(key, check.strip())
    except ValueError as exc:
        raise UsageError(f"--slo {text!r}: {exc}") from exc


def _search(
    question: "CapacityQuestion", scenario: Scenario, out: Path, progress: Silent | Live | Plain
) -> "tuple[Capacity, Path]":
    from orchestrator.experiments.capacity import CapacitySearch

    identity = secrets.token_hex(3)
    directory = make_directory(out, f"{scenario.plan.name}-capacity", identity)

    async def search() -> "tuple[Capacity, BaseException | None]":
        made = CapacitySearch(
            question,
            scenario.app,
            directory,
            identity,
            progress,
            on_step=lambda step: progress.phase(_line(step)),
        )
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_stop_on_signal, made)
            capacity = await made.execute()
            tasks.cancel_scope.cancel()
        return capacity, made.error

    with with_logs(directory):
        capacity, error = anyio.run(search)
    if error is not None:
        report_error(error)
    return capacity, directory


async def _stop_on_signal(search: "CapacitySearch") -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for number in signals:
            search.stop(signal.Signals(number).name)


def _line(step: "Step") -> str:
    from orchestrator.report.capacity import step_cells

    rate, _, completed, *values = step_cells(step)
    word = "held" if step.held else "not held: " + "; ".join(step.why)
    return f"    {rate} completed {completed}, {', '.join(values)}: {word}"


def _report(capacity: "Capacity", directory: Path, *, as_json: bool, kinds: Kinds | None) -> None:
    from orchestrator.report.capacity import capacity_summary, print_capacity
    from orchestrator.report.run_directory import write_capacity

    with written_or_said(directory):
        write_capacity(capacity, directory, kinds)
    if as_json:
        click.echo(json.dumps(capacity_summary(capacity), indent=2))
    else:
        print_capacity(capacity, sys.stdout, directory)
    to_step_summary(directory, kinds)
