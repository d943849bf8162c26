"""Runs the combinations of a matrix, and their repeats, one after the other."""

import secrets
import sys
import time
from pathlib import Path

from orchestrator.cli.error_report import report_error
from orchestrator.cli.metrics_port import Watcher, not_watched
from orchestrator.cli.one_run import (
    run_scenario,
    to_step_summary,
    worst,
    write_run,
    written_or_said,
)
from orchestrator.cli.options import Scenarios
from orchestrator.cli.progress import Live, Plain, Silent
from orchestrator.cli.reports import Kinds
from orchestrator.errors import ExitCode, OrchestratorError
from orchestrator.records import Experiment, Trial, label_of
from orchestrator.records import Live as Snapshot
from orchestrator.report.new_directory import make_directory

ENDS_ALL = frozenset({ExitCode.INTERRUPTED, ExitCode.TERMINATED, ExitCode.ENVIRONMENT})
"""After one of these no further run is made."""


class Numbered:
    """A progress that says which of how many runs it is about; plain lines come one for a run."""

    def __init__(self, progress: Silent | Live | Plain) -> None:
        self._progress = progress
        self._which = ""

    def begin(self, which: str) -> None:
        self._which = which
        self._progress.phase(which)

    def end(self, text: str) -> None:
        if not self._progress.detailed:
            self._progress.phase(f"    {text}")

    def phase(self, text: str) -> None:
        if self._progress.detailed:
            self._progress.phase(f"{self._which}: {text}")

    @property
    def refresh_s(self) -> float | None:
        return self._progress.refresh_s if self._progress.detailed else None

    def tick(self, live: Snapshot) -> None:
        self._progress.tick(live)


def run_experiment(
    scenarios: Scenarios,
    out: Path,
    progress: Silent | Live | Plain,
    *,
    kinds: Kinds | None = None,
    watched: Watcher = not_watched,
) -> tuple[Experiment, Path]:
    """Run all of them, each in a directory of its own below the experiment's. A signal, or an
    environment that is not ready, ends the series; what was measured is kept."""
    from orchestrator.experiments.rows import axes
    from orchestrator.experiments.trials import schedule, trial_of

    began = time.monotonic()
    first = scenarios.variants[0].plan
    identity = secrets.token_hex(3)
    directory = make_directory(out, first.name, identity)
    settings = [variant.settings for variant in scenarios.variants]
    names = [label_of(each) for each in axes(settings)]
    order = schedule(len(scenarios.variants), scenarios.repeats, first.seed)
    trials: list[Trial] = []
    codes: list[ExitCode] = []
    numbered = Numbered(progress)
    for number, (position, repeat) in enumerate(order, start=1):
        scenario = scenarios.variants[position]
        numbered.begin(f"run {number} of {len(order)}: {names[position]}")
        try:
            result, place = run_scenario(scenario, directory, watched(numbered))
        except OrchestratorError as exc:
            codes.append(ExitCode(report_error(exc)))
            break
        codes.append(write_run(result, place, kinds))
        trials.append(
            trial_of(result, scenario.settings, number=number, repeat=repeat, directory=place)
        )
        numbered.end(_in_short(trials[-1]))
        if codes[-1] in ENDS_ALL:
            break
    duration_s = time.monotonic() - began
    return _experiment(scenarios, trials, worst(codes), identity, duration_s), directory


def _in_short(trial: Trial) -> str:
    rate, p95_ms = trial.figures["throughput_per_s"], trial.figures["p95_ms"]
    measured = [] if rate is None else [f"{rate:,.0f} tasks/s"]
    measured += [] if p95_ms is None else [f"p95 {p95_ms:,.1f} ms"]
    return ", ".join([*measured, f"exit code {trial.exit_code}"])


def _experiment(
    scenarios: Scenarios, trials: list[Trial], code: ExitCode, identity: str, duration_s: float
) -> Experiment:
    from orchestrator.experiments.rows import rows

    settings = [scenario.settings for scenario in scenarios.variants]
    plan = scenarios.variants[0].plan
    return Experiment(
        id=identity,
        name=plan.name,
        description=plan.description,
        seed=plan.seed,
        keys=tuple(settings[0]),
        repeats=scenarios.repeats,
        planned=scenarios.runs,
        rows=rows(settings, trials),
        exit_code=code,
        duration_s=duration_s,
    )


def report_experiment(
    experiment: Experiment, directory: Path, *, as_json: bool, kinds: Kinds | None = None
) -> object:
    """Write the experiment's directory and print its table; gives its document."""
    from orchestrator.report.experiment import experiment_summary, print_experiment
    from orchestrator.report.run_directory import write_experiment

    with written_or_said(directory):
        write_experiment(experiment, directory, kinds)
    if not as_json:
        print_experiment(experiment, sys.stdout, directory)
    to_step_summary(directory, kinds)
    return experiment_summary(experiment)
