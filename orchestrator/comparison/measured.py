"""A side of a comparison with what its files say of each figure; each file is read at most once,
and only if something asks for it."""

from collections.abc import Mapping
from functools import cached_property
from statistics import fmean
from typing import Any

from orchestrator.comparison.figures import value
from orchestrator.comparison.sides import Side, StoredSummary
from orchestrator.comparison.within import WithinRun
from orchestrator.judge.blocks import MOST_BLOCKS
from orchestrator.judge.noise import Measured
from orchestrator.records import VERDICTS, FigureKey, NoiseKind, RunReference, SideSummary
from orchestrator.report.stored import StoredRun

SEED = 1
"""The same files give the same intervals."""
MEMORY_ERROR = 0.01
"""The most memory that a run took is one number: nothing within the run says how exact it is. Equal
runs were within 0.3 % of each other."""


class MeasuredSide:
    """The runs of a side."""

    def __init__(self, side: Side) -> None:
        self.side = side
        self.runs = side.runs

    @cached_property
    def stored(self) -> tuple[StoredRun | None, ...]:
        return tuple(
            None if run.directory is None else StoredRun.read(run.directory, run.summary)
            for run in self.runs
        )

    @property
    def files(self) -> list[tuple[Mapping[str, Any], StoredRun | None]]:
        """Of each run the summary, and the rest where it was kept."""
        return [(run.summary, stored) for run, stored in zip(self.runs, self.stored, strict=True)]

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
        return Measured(values, errors, blocks, self.taken, self._exposed(key))

    def _exposed(self, key: FigureKey) -> float:
        """Which share of the figure is CPU time, which others can stretch. Of ``run``, inside one
        process, that is known: the workers' CPU time for a task. What spans processes waits for
        each of them."""
        run_ms = self.mean(FigureKey("run", "avg"))
        if key.metric != "run" or key.tag is not None or not run_ms:
            return 1.0
        spent_ms = [_cpu_ms(run) for run in self.stored]
        known = [each for each in spent_ms if each is not None]
        return min(1.0, max(known) / run_ms) if len(known) == len(spent_ms) else 1.0

    def summary(self) -> SideSummary:
        return SideSummary(
            name=self.side.name,
            runs=tuple(map(_reference, self.runs, self.others)),
            verdicts={
                name: sum(run.summary["verdicts"][name] for run in self.runs) for name in VERDICTS
            },
        )

    def mean(self, key: FigureKey) -> float | None:
        """Over the runs that have measured it."""
        values = [each for run in self.runs if (each := value(run.summary, key)) is not None]
        return fmean(values) if values else None


def _others(run: StoredRun | None) -> float | None:
    """The mean, in cores; None where it was not recorded, and for workers that are not ours, which
    are others themselves."""
    if run is None or run.summary["scenario"].get("workers") == "attach":
        return None
    known = [each for each in run.series.others if each is not None]
    return fmean(known) if known else None


def _cpu_ms(run: StoredRun | None) -> float | None:
    """CPU time of the workers for each task, while the load went on: their start is no part of
    it."""
    if run is None:
        return None
    done = sum(count or 0.0 for count in run.series.completed)
    pools = [column for name, column in run.series.cpu.items() if name != "orchestrator"]
    before_s, spent_s = 0.0, 0.0
    for row, at_s in enumerate(run.series.at_s):
        now_s = at_s or before_s
        spent_s += sum(column[row] or 0.0 for column in pools) * (now_s - before_s)
        before_s = now_s
    return spent_s / done * 1000 if done and spent_s else None


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
