"""Two sides -> a `Comparison`."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log
from statistics import fmean

from orchestrator.comparison.comparable import environment_changes, mismatches
from orchestrator.comparison.figures import HEADLINE, details, resolved
from orchestrator.comparison.measured import MeasuredSide
from orchestrator.comparison.sides import Side, in_turns
from orchestrator.comparison.words import notes, verdict
from orchestrator.errors import UsageError
from orchestrator.judge.gates import COUNTED, decide
from orchestrator.judge.noise import interval, meaning, noise_kind
from orchestrator.records import (
    Comparison,
    FailIf,
    FigureChange,
    FigureKey,
    GateResult,
    Mismatch,
    NoiseKind,
    ThresholdChange,
)

OF_SPEED = 4
"""So many of the headline's figures can be told from blocks of time."""


@dataclass(frozen=True, slots=True)
class _Ruler:
    """How figures of these sides are compared."""

    base: MeasuredSide
    head: MeasuredSide
    noise: NoiseKind
    turns: bool
    least: float

    def change(self, key: FigureKey) -> FigureChange:
        if key.metric in COUNTED:
            counts = self.base.mean(key), self.head.mean(key)
            return FigureChange(key, *counts, None, "unknown")
        base, head = (side.measured(key, self.noise) for side in (self.base, self.head))
        found = interval(base, head, in_turns=self.turns)
        typical = _typical(base.values), _typical(head.values)
        return FigureChange(key, *typical, found, meaning(key, found, self.least))


def compare(
    base: MeasuredSide,
    head: MeasuredSide,
    *,
    gates: Sequence[FailIf] = (),
    allowed: frozenset[str] = frozenset(),
    least: float,
) -> Comparison:
    """What differs between the sides, and what of it counts. ``allowed`` holds the kinds of
    `Mismatch` that do not matter, ``least`` the smallest change that counts, as a ratio. Raises
    `UsageError` when the sides cannot be compared, or a gate cannot be decided."""
    sides = base.side, head.side
    found = _comparable(*sides, allowed)
    runs = (*base.runs, *head.runs)
    turns = in_turns(*sides)
    kind = noise_kind(len(base.runs), len(head.runs))
    ruler = _Ruler(base, head, kind, turns, least)
    headline = tuple(map(ruler.change, HEADLINE))
    if all(each.interval is None for each in headline[:OF_SPEED]):
        kind = "unknown"
    summaries = base.summary(), head.summary()
    return Comparison(
        base=summaries[0],
        head=summaries[1],
        noise=kind,
        least=least,
        headline=headline,
        details=tuple(map(ruler.change, details(runs))),
        thresholds=_thresholds(*sides),
        environment=environment_changes(*sides),
        allowed=found,
        gates=tuple(_gate(gate, ruler.change(resolved(gate.figure, runs))) for gate in gates),
        verdict=verdict(headline, *summaries),
        notes=notes(*sides, headline, summaries, kind, turns=turns),
    )


def _comparable(base: Side, head: Side, allowed: frozenset[str]) -> tuple[Mismatch, ...]:
    shared = {run.id for run in base.runs} & {run.id for run in head.runs}
    if shared and {run.id for run in base.runs} != {run.id for run in head.runs}:
        raise UsageError(f"run {min(shared)} is on both sides: {base.name} and {head.name} overlap")
    found = mismatches(base, head)
    refused = [each for each in found if each.kind not in allowed]
    if refused:
        kinds = ",".join(dict.fromkeys(each.kind for each in refused))
        lines = [f"  {each.words}" for each in refused]
        raise UsageError(
            "\n".join(
                [
                    f"{base.name} and {head.name} cannot be compared:",
                    *lines,
                    f"to compare them all the same: --allow {kinds}",
                ]
            )
        )
    return found


def _typical(values: Sequence[float]) -> float | None:
    """The geometric mean; the arithmetic one where a zero is among them."""
    if not values:
        return None
    if min(values) <= 0:
        return fmean(values)
    return exp(fmean(map(log, values))) if len(values) > 1 else values[0]


def _gate(gate: FailIf, figure: FigureChange) -> GateResult:
    if figure.base is None and figure.head is None:
        raise UsageError(f"--fail-if {gate.text!r}: neither side has measured {figure.key}")
    estimated = figure.key.metric not in COUNTED and None not in (figure.base, figure.head)
    if estimated and figure.interval is None and figure.base and figure.head:
        raise UsageError(
            f"--fail-if {gate.text!r} cannot be decided: what is noise in {figure.key} is not "
            "known; compare whole run directories of some seconds, or three runs a side"
        )
    return decide(gate, figure)


def _thresholds(base: Side, head: Side) -> tuple[ThresholdChange, ...]:
    held: dict[tuple[str, str], list[list[bool]]] = {}
    for position, side in enumerate((base, head)):
        for run in side.runs:
            for each in run.summary["thresholds"]:
                key = each["metric"], each["expression"]
                held.setdefault(key, [[], []])[position].append(each["passed"])
    return tuple(
        ThresholdChange(*key, sum(before), len(before), sum(after), len(after))
        for key, (before, after) in held.items()
    )
