"""Two sides of a comparison, and what differs between them (scenario, judge, comparison ->
report)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from orchestrator.records.outcome import Verdict
from orchestrator.records.plan import Aggregation

ChangeOperator = Literal["<", "<=", ">", ">="]

HIGHER_COUNTS = frozenset({"throughput", "drain_rate", "verified", "tasks_succeeded"})
NEITHER_COUNTS = frozenset({"offered_rate", "tasks_sent"})
"""What was asked for: more of it is neither better nor worse."""
_UNSPOKEN = frozenset({"rate", "count", "value"})


@dataclass(frozen=True, slots=True)
class FigureKey:
    """One number of a run: ``task_duration{task:add} p(95)``. At most one tag."""

    metric: str
    aggregation: Aggregation
    percentile: float | None = None
    tag: tuple[str, str] | None = None

    def __str__(self) -> str:
        tag = "" if self.tag is None else f"{{{self.tag[0]}:{self.tag[1]}}}"
        words = "" if self.aggregation in _UNSPOKEN else f" {self.aggregation}"
        percent = "" if self.percentile is None else f"({self.percentile:g})"
        return f"{self.metric}{tag}{words}{percent}"

    @property
    def sign(self) -> int:
        """1 where more is better, -1 where it is worse, 0 where it is neither."""
        if self.metric in NEITHER_COUNTS:
            return 0
        return 1 if self.metric in HIGHER_COUNTS else -1


@dataclass(frozen=True, slots=True)
class FailIf:
    """A change that must not be: ``throughput<-10%``. ``change`` is a ratio when ``relative``
    (-0.1), else in the metric's own unit. ``text`` is what the user wrote."""

    text: str
    figure: FigureKey
    operator: ChangeOperator
    change: float
    relative: bool


@dataclass(frozen=True, slots=True)
class Interval:
    """A change and the interval that holds the true one, as ratios: 0.1 is 10 % more."""

    change: float
    low: float
    high: float

    @property
    def beyond_noise(self) -> bool:
        """Whether the interval leaves no change out."""
        return self.low > 0 or self.high < 0


Meaning = Literal["better", "worse", "changed", "small", "noise", "unknown"]
"""``small``: beyond the noise, and less than what counts. ``noise``: no difference beyond it.
``changed``: of a figure of which more is neither better nor worse. ``unknown``: what is noise
cannot be told, or one side has nothing to compare."""


@dataclass(frozen=True, slots=True)
class FigureChange:
    """One figure on both sides: the geometric mean of the runs, None where nothing was measured;
    and how it changed, None where that cannot be told."""

    key: FigureKey
    base: float | None
    head: float | None
    interval: Interval | None
    meaning: Meaning

    @property
    def change(self) -> float | None:
        """As a ratio; None where one side has nothing, or BASE has zero."""
        if self.base is None or self.head is None or not self.base:
            return None
        return self.head / self.base - 1


NoiseKind = Literal["repeats", "one side's repeats", "blocks", "unknown"]
"""Where what is noise was taken from: the scatter of the runs of both sides, or of one; blocks of
time within single runs; or it is not known."""


@dataclass(frozen=True, slots=True)
class RunReference:
    """A run of a side. ``others_cpu_ratio`` is the mean of what other processes used of the
    machine; None where it was not recorded."""

    id: str
    place: str
    started_at: str
    exit_code: int
    partial: bool
    others_cpu_ratio: float | None


@dataclass(frozen=True, slots=True)
class SideSummary:
    """What a side is: its runs, their verdicts added up, and how often which threshold held."""

    name: str
    runs: tuple[RunReference, ...]
    verdicts: Mapping[Verdict, int]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Why the sides cannot be compared as they are; ``kind`` is what to allow."""

    kind: Literal["scenario", "host", "partial"]
    words: str


@dataclass(frozen=True, slots=True)
class EnvironmentChange:
    """A version that is not the same on both sides."""

    name: str
    base: str
    head: str


@dataclass(frozen=True, slots=True)
class ThresholdChange:
    """How often a threshold held on each side, of how many runs that had it."""

    metric: str
    expression: str
    base_held: int
    base_count: int
    head_held: int
    head_count: int

    @property
    def differs(self) -> bool:
        """Whether the shares that held differ."""
        return self.base_held * self.head_count != self.head_held * self.base_count


GateState = Literal["held", "tripped", "unsure"]
"""``unsure``: the change is beyond the limit, but not beyond the noise."""


@dataclass(frozen=True, slots=True)
class GateResult:
    """What became of a `FailIf`, and why in words."""

    text: str
    figure: FigureChange
    state: GateState
    words: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two sides differ in. ``headline`` holds the figures that decide, ``details`` those that
    say where to look. ``least`` is the smallest change that counts, as a ratio."""

    base: SideSummary
    head: SideSummary
    noise: NoiseKind
    least: float
    headline: tuple[FigureChange, ...]
    details: tuple[FigureChange, ...]
    thresholds: tuple[ThresholdChange, ...]
    environment: tuple[EnvironmentChange, ...]
    allowed: tuple[Mismatch, ...]
    gates: tuple[GateResult, ...]
    verdict: str
    notes: tuple[str, ...]

    @property
    def tripped(self) -> bool:
        return any(gate.state == "tripped" for gate in self.gates)
