"""What stands in the ``summary.json`` of an experiment and of a capacity, key by key: what its JSON
Schema is made of."""

from typing import Any, Literal

from orchestrator.records import Limit, Verdict
from orchestrator.report.summary_models import Count, Part, Threshold, VerdictCounts


class ExperimentAbout(Part):
    """Which experiment it was, and how it ended."""

    id: str
    """Made up for this experiment."""
    name: str
    """The scenario's."""
    description: str
    """The scenario's."""
    seed: int
    """What the order of the runs was drawn from."""
    keys: list[str]
    """The keys that were varied."""
    repeats_count: Count
    """How often each combination was to be run."""
    planned_count: Count
    """How many runs were to be made."""
    duration_s: float
    """Of all runs together, in seconds."""
    exit_code: int
    """The most severe of all runs."""
    partial: bool
    """Whether a run is missing, or ended early."""


class Spread(Part):
    """A figure over the repeats of a combination, in the unit that its name ends in."""

    mean: float | None
    """Null: nothing was measured."""
    deviation: float | None
    """The standard deviation; null for fewer than two."""
    best: bool
    """Whether it is better than every other row's by more than the noise."""


class HeldCount(Part):
    """Thresholds over all runs of a row."""

    held_count: Count
    """How many held."""
    count: Count
    """How many there were."""


class Row(Part):
    """One combination."""

    axes: dict[str, str]
    """What tells it from the others."""
    settings: dict[str, Any]
    """The values of the varied keys."""
    runs: list[str]
    """The ids of its runs."""
    figures: dict[str, Spread]
    """By name, which ends in the unit: per second, ms, bytes, CPU seconds per 1000 tasks."""
    verdicts: VerdictCounts
    thresholds: HeldCount


class Trial(Part):
    """One run of an experiment."""

    number: int
    """In the order in which they were made, from 1."""
    repeat: int
    """Of its combination, from 1."""
    settings: dict[str, Any]
    """The values of the varied keys."""
    run_id: str
    """The run's id."""
    directory: str
    """The run's directory, in the experiment's."""
    exit_code: int
    """The run's."""
    partial: bool
    """Whether it ended early."""
    figures: dict[str, float | None]
    """By name, which ends in the unit; null: nothing was measured."""
    verdicts: dict[Verdict, Count]
    """A count each."""
    thresholds: list[Threshold]
    """As in the run's own summary."""


class ExperimentSummary(Part):
    """``summary.json`` of a matrix, of repeats or of a sweep."""

    version: Literal[1]
    """Of this schema."""
    kind: Literal["experiment"]
    """What tells it from a run's."""
    experiment: ExperimentAbout
    rows: list[Row]
    """The combinations."""
    runs: list[Trial]
    """In the order in which they were made."""


class Step(Part):
    """One rate that was tried."""

    rate_per_s: float
    """Iterations per second that were asked for."""
    duration_s: float
    """How long, in seconds."""
    completed_per_s: float
    """Iterations per second that ended."""
    dropped_count: Count
    """Iterations that were not started."""
    growth_per_s: float
    """How fast the iterations in flight became more, per second."""
    samples_count: Count
    """Samples that it was judged by."""
    objectives: list[Threshold]
    """The objectives, and what was observed."""
    verdicts: VerdictCounts
    why: list[str]
    """Why it did not hold; empty when it did."""
    held: bool
    """Whether it held."""


class CapacitySummary(Part):
    """``summary.json`` of the search for a capacity."""

    version: Literal[1]
    """Of this schema."""
    kind: Literal["capacity"]
    """What tells it from a run's."""
    id: str
    """Made up for this search."""
    name: str
    """The scenario's."""
    workload: str
    """Whose rate was searched."""
    objectives: list[str]
    """What had to hold."""
    held_per_s: float | None
    """The highest rate that held, in iterations per second; null: none did."""
    failed_per_s: float | None
    """The lowest rate above it that did not, in iterations per second; null: none was tried."""
    limited_by: Limit
    """What the search ended at."""
    exit_code: int
    """See docs/experiments.md."""
    duration_s: float
    """How long the search took, in seconds."""
    steps: list[Step]
    """In the order in which they were tried."""
