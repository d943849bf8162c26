"""From interleaved repeats to ratios and facts."""

from collections.abc import Callable, Mapping, Sequence
from statistics import median

from benchmarks.records import Fact, Figure, Row, Sample

Of = Callable[[Sample], float]


def paired_ratios(numerators: Sequence[float], denominators: Sequence[float]) -> tuple[float, ...]:
    """Round by round: what slows the machine down for a while slows both sides of a round."""
    return tuple(above / below for above, below in zip(numerators, denominators, strict=True))


def figure_of(row: Row, values: Sequence[float], *, judged: bool) -> Figure:
    """The median and the extremes; not ``judged``: no verdict."""
    value = median(values)
    status = ("held" if row.holds(value) else "missed") if judged else "info"
    return Figure(row, status, value, min(values), max(values), len(values))  # type: ignore[arg-type]


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that ``share`` of all do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))]


def facts_per_task(samples: Mapping[str, Sequence[Sample]], what: str) -> list[Fact]:
    """For each contender: microseconds of wall and of processor time per task."""
    facts = []
    for contender, taken in samples.items():
        facts.append(Fact(f"{what}, {contender}: wall", "us/task", tuple(s.wall_us for s in taken)))
        facts.append(Fact(f"{what}, {contender}: CPU", "us/task", tuple(s.cpu_us for s in taken)))
    return facts
