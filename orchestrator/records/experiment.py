"""Many runs of one scenario, and what they say together (experiments -> report)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from orchestrator.records.outcome import Verdict
from orchestrator.records.result import ThresholdResult

Figure = Literal[
    "throughput_per_s",
    "p50_ms",
    "p95_ms",
    "p99_ms",
    "worker_cpu_s_per_1000_tasks",
    "worker_rss_max_bytes",
]
"""The percentiles are those of ``task_duration``."""

HIGHER_IS_BETTER: frozenset[Figure] = frozenset({"throughput_per_s"})


@dataclass(frozen=True, slots=True)
class Trial:
    """One run of an experiment. ``number`` counts the runs in the order in which they were made,
    ``repeat`` those of one combination, both from 1."""

    number: int
    repeat: int
    settings: Mapping[str, Any]
    run_id: str
    directory: str
    exit_code: int
    partial: bool
    figures: Mapping[Figure, float | None]
    verdicts: Mapping[Verdict, int]
    thresholds: tuple[ThresholdResult, ...]

    @property
    def sound(self) -> bool:
        """Whether it ran to its end with every result verified: others' figures mean little."""
        return not self.partial and not any(
            count for verdict, count in self.verdicts.items() if verdict != "ok"
        )


@dataclass(frozen=True, slots=True)
class FigureSpread:
    """One figure over the repeats of a combination: None where nothing was measured, and no
    ``deviation`` for fewer than two. ``best`` says that no other combination's is as good, by more
    than the noise."""

    mean: float | None
    deviation: float | None
    best: bool = False


def label_of(axes: Mapping[str, str]) -> str:
    """``pool=gevent concurrency=20``"""
    return " ".join(f"{name}={value}" for name, value in axes.items()) or "as written"


@dataclass(frozen=True, slots=True)
class Row:
    """One combination: what tells it from the others (``axes``, as text), and what its runs came
    to."""

    settings: Mapping[str, Any]
    axes: Mapping[str, str]
    trials: tuple[Trial, ...]
    figures: Mapping[Figure, FigureSpread]

    @property
    def label(self) -> str:
        """``pool=gevent concurrency=20``"""
        return label_of(self.axes)

    @property
    def verdicts(self) -> dict[Verdict, int]:
        """Over all its runs."""
        total: dict[Verdict, int] = {}
        for trial in self.trials:
            for verdict, count in trial.verdicts.items():
                total[verdict] = total.get(verdict, 0) + count
        return total

    @property
    def thresholds(self) -> tuple[int, int]:
        """How many held, of how many, over all its runs."""
        results = [result for trial in self.trials for result in trial.thresholds]
        return sum(result.passed for result in results), len(results)


@dataclass(frozen=True, slots=True)
class Experiment:
    """``planned`` runs were to be made, of which ``rows`` hold those that were."""

    id: str
    name: str
    description: str
    seed: int
    keys: tuple[str, ...]
    repeats: int
    planned: int
    rows: tuple[Row, ...]
    exit_code: int
    duration_s: float

    @property
    def trials(self) -> tuple[Trial, ...]:
        """All runs in the order in which they were made."""
        trials = (trial for row in self.rows for trial in row.trials)
        return tuple(sorted(trials, key=lambda trial: trial.number))

    @property
    def partial(self) -> bool:
        return len(self.trials) < self.planned or any(trial.partial for trial in self.trials)


Limit = Literal["objective", "max-rate", "orchestrator", "time", "stopped"]
"""What the search for a capacity ended at: a rate that does not hold the objectives; the highest
rate that was asked for; the orchestrator, which could not send more; the time that it was given; a
signal or an error."""


@dataclass(frozen=True, slots=True)
class Step:
    """One rate that was tried. Rates are in iterations per second; ``growth_per_s`` is how fast the
    iterations in flight became more. ``why`` says why it did not hold; empty when it did."""

    rate_per_s: float
    duration_s: float
    completed_per_s: float
    dropped: int
    growth_per_s: float
    samples: int
    objectives: tuple[ThresholdResult, ...]
    verdicts: Mapping[Verdict, int]
    why: tuple[str, ...]

    @property
    def held(self) -> bool:
        return not self.why


@dataclass(frozen=True, slots=True)
class Capacity:
    """The highest rate that held (None: not even the lowest), and the lowest above it that did not
    (None: none that was tried)."""

    id: str
    name: str
    workload: str
    objectives: tuple[str, ...]
    steps: tuple[Step, ...]
    held_per_s: float | None
    failed_per_s: float | None
    limited_by: Limit
    exit_code: int
    duration_s: float
