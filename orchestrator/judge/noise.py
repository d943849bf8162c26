"""How much may a figure differ between runs that are the same? The interval of a change.

All is done on logarithms, where a change is a ratio and noise that multiplies adds up.

With three runs or more on both sides the runs themselves tell: Welch's t. With three or more on one
side the other's are taken to scatter alike: Student's t with the pooled variance. With fewer nobody
has measured how far two runs lie apart. What a single run knows of itself, its error over blocks of
time (see `blocks`), is less than that: twice as much is taken, and never less than 2 %.

Where the sides were not run in turns, the interval is wider by what other processes took of the
machine on one side and not on the other. docs/compare.md has what was measured of all this.
"""

from dataclasses import dataclass
from math import expm1, hypot, isinf, log, log1p, sqrt
from statistics import fmean, variance

from orchestrator.judge.statistics import Difference, difference, pooled_difference, student_t
from orchestrator.records import FigureKey, Interval, Meaning, NoiseKind

CONFIDENCE = 0.99
"""Of each interval: the six that decide then hold all together with some 95 % (Bonferroni)."""
ENOUGH_RUNS = 3
RUN_TO_RUN = 2.0
"""How much further equal runs lie apart than the blocks within one say."""
LEAST_SCATTER = 0.02
"""Of runs whose scatter nobody measured."""
SWAY = 4.0
"""By how many of the standard deviations of its blocks others may have moved a figure."""
MOST_TAKEN = 0.95


@dataclass(frozen=True, slots=True)
class Measured:
    """One figure on one side. ``values`` has one for each run, all above zero; ``errors`` their
    relative standard errors within each run, None where that could not be told; ``blocks`` how many
    blocks each run was cut into; ``taken`` which share of the machine others had, from 0 to 1, None
    where it is not known; ``exposed`` which share of the figure they can stretch at all."""

    values: tuple[float, ...]
    errors: tuple[float | None, ...] = ()
    blocks: int = 0
    taken: float | None = None
    exposed: float = 1.0

    @property
    def logs(self) -> list[float]:
        return [log(value) for value in self.values]

    @property
    def variance(self) -> float | None:
        """Of the logarithm of the mean of the runs, as far as they themselves tell; None when one
        of them does not."""
        scatters = [
            hypot(RUN_TO_RUN * error, LEAST_SCATTER) ** 2
            for error in self.errors
            if error is not None
        ]
        if not scatters or len(scatters) < len(self.values):
            return None
        assumed = fmean(scatters)
        seen = variance(self.logs) if len(self.values) > 1 else 0.0
        return max(assumed, seen) / len(self.values)

    @property
    def sway(self) -> float | None:
        """How far others may have moved the figure; None where its blocks are not known."""
        known = [error for error in self.errors if error is not None]
        return SWAY * max(known) * sqrt(self.blocks) if known and self.blocks else None


def noise_kind(base_runs: int, head_runs: int) -> NoiseKind:
    """Where what is noise can be taken from."""
    if min(base_runs, head_runs) >= ENOUGH_RUNS:
        return "repeats"
    return "one side's repeats" if max(base_runs, head_runs) >= ENOUGH_RUNS else "blocks"


def interval(base: Measured, head: Measured, *, in_turns: bool) -> Interval | None:
    """The change from ``base`` to ``head`` with `CONFIDENCE`; None where it cannot be told.
    ``in_turns`` says that the runs of the sides were made in turns, so that what others did fell on
    both alike."""
    if not base.values or not head.values or min(*base.values, *head.values) <= 0:
        return None
    found = _difference(base, head)
    if found is None or isinf(found.high):
        return None
    room = 0.0 if in_turns else _moved_by_others(base, head)
    return Interval(expm1(found.value), expm1(found.low - room), expm1(found.high + room))


def _difference(base: Measured, head: Measured) -> Difference | None:
    kind = noise_kind(len(base.values), len(head.values))
    if kind == "repeats":
        return difference(base.logs, head.logs, CONFIDENCE)
    if kind == "one side's repeats":
        return pooled_difference(base.logs, head.logs, CONFIDENCE)
    if base.variance is None or head.variance is None:
        return None
    value = fmean(head.logs) - fmean(base.logs)
    freedom = max(base.blocks, 2) + max(head.blocks, 2) - 2
    margin = student_t(freedom, CONFIDENCE) * sqrt(base.variance + head.variance)
    return Difference(value, value - margin, value + margin)


def _moved_by_others(base: Measured, head: Measured) -> float:
    """What others took of one machine and not of the other, as a ratio of what was left; no more
    than a figure that wavers so little can have been moved."""
    if base.taken is None or head.taken is None:
        return 0.0
    left = [1 - min(side.taken, MOST_TAKEN) for side in (base, head) if side.taken is not None]
    sways = [side.sway for side in (base, head)]
    most = max((sway for sway in sways if sway is not None), default=None)
    exposed = max(base.exposed, head.exposed)
    moved = log1p(exposed * expm1(abs(log(left[1] / left[0]))))
    return moved if most is None else min(moved, most)


def meaning(key: FigureKey, interval: Interval | None, least: float) -> Meaning:
    """What a change says; ``least`` is the smallest that counts, as a ratio."""
    if interval is None:
        return "unknown"
    if not interval.beyond_noise:
        return "noise"
    if abs(interval.change) < least:
        return "small"
    if not key.sign:
        return "changed"
    return "better" if interval.change * key.sign > 0 else "worse"
