"""Two sides -> a `Comparison`."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from math import exp, log
from statistics import fmean
from typing import Any

from orchestrator.comparison.comparable import environment_changes, mismatches
from orchestrator.comparison.figures import HEADLINE, details, resolved, value
from orchestrator.comparison.sides import Side, StoredSummary
from orchestrator.comparison.within import WithinRun
from orchestrator.comparison.words import notes, verdict
from orchestrator.errors import UsageError
from orchestrator.judge.blocks import MOST_BLOCKS
from orchestrator.judge.gates import COUNTED, decide
from orchestrator.judge.noise import Measured, interval, meaning, noise_kind
from orchestrator.records import (
    VERDICTS,
    Comparison,
    FailIf,
    FigureChange,
    FigureKey,
    GateResult,
    Mismatch,
    NoiseKind,
    RunReference,
    SideSummary,
    ThresholdChange,
)
from orchestrator.report.stored import StoredRun

SEED = 1
"""The same files give the same intervals."""
MEMORY_ERROR = 0.01
"""The most memory that a run took is one number: nothing within the run says how exact it is. Equal
runs were within 0.3 % of each other."""


class MeasuredSide:
    """The runs of a side, each read at most once, and only if something asks for it."""

    def __init__(self, side: Side) -> None:
        self.side = side
        self.runs = side.runs

    @cached_property
    def stored(self) -> tuple[StoredRun | None, ...]:
        return tuple(
            None if run.directory is None else StoredRun.read(run.directory, run.summary)
            for run in self.runs
        )

    @cached_property
    def within(self) -> tuple[WithinRun | None, ...]:
        return tuple(None if run is None else WithinRun(run, SEED) for run in self.stored)

    @cached_property
    def others(self) -> tuple[float | None, ...]:
        """What others used of the machine in each run, in cores."""
        return tuple(map(_others, self.stored))

    @property
    def taken(self) -> float | None:
        """The share of the machine that others had, on average."""
        known = [each for each in self.others if each is not None]
        cpus = self.runs[0].summary["environment"]["host"].get("cpus")
        return fmean(known) / cpus if known and cpus and len(known) == len(self.runs) else None

    def measured(self, key: FigureKey, kind: NoiseKind) -> Measured:
        values = tuple(each for run in self.runs if (each := value(run.summary, key)) is not None)
        if key.metric == "worker_rss_bytes":
            return Measured(values, (MEMORY_ERROR,) * len(values), MOST_BLOCKS)
        if kind != "blocks":
            return Measured(values, taken=self.taken)
        errors = tuple(None if each is None else each.error(key) for each in self.within)
        blocks = min((each.blocks for each in self.within if each is not None), default=0)
        return Measured(values, errors, blocks, self.taken)

    def summary(self) -> SideSummary:
        return SideSummary(
            name=self.side.name,
            runs=tuple(map(_reference, self.runs, self.others)),
            verdicts={
                name: sum(run.summary["verdicts"][name] for run in self.runs) for name in VERDICTS
            },
        )


def compare(
    base: Side,
    head: Side,
    *,
    gates: Sequence[FailIf] = (),
    allowed: frozenset[str] = frozenset(),
    least: float,
) -> Comparison:
    """What differs between the sides, and what of it counts. ``allowed`` holds the kinds of
    `Mismatch` that do not matter, ``least`` the smallest change that counts, as a ratio. Raises
    `UsageError` when the sides cannot be compared, or a gate cannot be decided."""
    found = _comparable(base, head, allowed)
    sides = MeasuredSide(base), MeasuredSide(head)
    kind = noise_kind(len(base.runs), len(head.runs))
    runs = (*base.runs, *head.runs)
    turns = in_turns(base, head)

    def figure(key: FigureKey) -> FigureChange:
        return _figure(key, sides, kind, turns=turns, least=least)

    headline = tuple(map(figure, HEADLINE))
    if kind == "blocks" and all(each.interval is None for each in headline[:3]):
        kind = "unknown"
    results = tuple(_gate(gate, figure(resolved(gate.figure, runs))) for gate in gates)
    summaries = sides[0].summary(), sides[1].summary()
    return Comparison(
        base=summaries[0],
        head=summaries[1],
        noise=kind,
        least=least,
        headline=headline,
        details=tuple(map(figure, details(runs))),
        thresholds=_thresholds(base, head),
        environment=environment_changes(base, head),
        allowed=found,
        gates=results,
        verdict=verdict(headline, *summaries),
        notes=notes(sides[0].side, sides[1].side, summaries, kind, turns=turns),
    )


def in_turns(base: Side, head: Side) -> bool:
    """Whether the runs of the sides were made in turns: neither's all before the other's."""
    if min(len(base.runs), len(head.runs)) < 2:
        return False
    return (
        base.runs[0].started_at < head.runs[-1].started_at
        and head.runs[0].started_at < base.runs[-1].started_at
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


def _figure(
    key: FigureKey,
    sides: tuple[MeasuredSide, MeasuredSide],
    kind: NoiseKind,
    *,
    turns: bool,
    least: float,
) -> FigureChange:
    if key.metric in COUNTED:
        base, head = (_mean(side, key) for side in sides)
        return FigureChange(key, base, head, None, "unknown")
    measured = [side.measured(key, kind) for side in sides]
    found = interval(*measured, in_turns=turns)
    base, head = (_typical(side.values) for side in measured)
    return FigureChange(key, base, head, found, meaning(key, found, least))


def _mean(side: MeasuredSide, key: FigureKey) -> float | None:
    values = [each for run in side.runs if (each := value(run.summary, key)) is not None]
    return fmean(values) if values else None


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


def _others(run: StoredRun | None) -> float | None:
    """The mean, in cores; None where it was not recorded, and for workers that are not ours, which
    are others themselves."""
    if run is None or run.summary["scenario"].get("workers") == "attach":
        return None
    known = [each for each in run.series.others if each is not None]
    return fmean(known) if known else None


def _reference(run: StoredSummary, others: float | None) -> RunReference:
    about: Mapping[str, Any] = run.summary["run"]
    return RunReference(
        id=run.id,
        place=str(run.place),
        started_at=run.started_at,
        exit_code=about["exit_code"],
        partial=bool(about.get("partial")),
        others_cpu_ratio=others,
    )


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
