"""What passes between the parts: rows with their floors, samples, figures."""

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from benchmarks.laboratory import Laboratory

Status = Literal["held", "missed", "info", "skipped", "wrong", "failed"]


class BenchmarkError(Exception):
    """A benchmark could not be carried out."""


class WrongResult(BenchmarkError):
    """A contender was quick and wrong: something is missing, twice, or has another value."""


class RowSkipped(BenchmarkError):
    """The row cannot be measured here; the message says why."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. ``floor`` is the least (``better`` lower: the most) that is good
    enough, in ``unit``."""

    name: str
    title: str
    unit: str
    floor: float
    better: Literal["higher", "lower"] = "higher"

    def holds(self, value: float) -> bool:
        return value >= self.floor if self.better == "higher" else value <= self.floor


@dataclass(frozen=True, slots=True)
class Sample:
    """One repeat of one contender. ``cpu_s`` is the whole process's, user and system."""

    tasks: int
    wall_s: float
    cpu_s: float
    build_s: float = 0.0
    """Making the signatures, which is Celery's work on every road, and is not in ``wall_s``."""
    ids: Sequence[str] = ()
    laps_s: Sequence[float] = ()
    """One task at a time: what each took."""

    @property
    def wall_us(self) -> float:
        """Microseconds per task."""
        return self.wall_s / self.tasks * 1e6

    @property
    def cpu_us(self) -> float:
        return self.cpu_s / self.tasks * 1e6


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is done: ``repeats`` None is each experiment's own number; ``scale`` 1.0 is the
    whole table, with less of it floors mean nothing."""

    repeats: int | None = None
    scale: float = 1.0

    def tasks(self, whole: int) -> int:
        return max(2, int(whole * self.scale))

    def rounds(self, own: int) -> int:
        return self.repeats if self.repeats is not None else own

    def budget_s(self, own: float) -> float:
        """Seconds for the rounds of an experiment; who asks for a number of rounds gets them."""
        return own if self.repeats is None else math.inf


@dataclass(frozen=True, slots=True)
class Fact:
    """A figure without a floor. ``values`` holds one value for each repeat."""

    name: str
    unit: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Findings:
    """What an experiment gives: for each row one value per repeat, and the facts behind it."""

    values: Mapping[str, Sequence[float]]
    facts: Sequence[Fact] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Experiment:
    """``run`` measures the rows whose names it is given, and may leave out the others."""

    name: str
    rows: tuple[Row, ...]
    run: "Callable[[Laboratory, Effort, frozenset[str]], Awaitable[Findings]]"


@dataclass(frozen=True, slots=True)
class Figure:
    """A row as measured: the median of the repeats and their extremes."""

    row: Row
    status: Status
    value: float | None = None
    lowest: float | None = None
    highest: float | None = None
    repeats: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """One run of the benchmarks."""

    started_at: str
    duration_s: float
    effort: Effort
    environment: Mapping[str, Any]
    figures: tuple[Figure, ...]
    facts: tuple[Fact, ...] = ()
    notes: tuple[str, ...] = field(default=())
