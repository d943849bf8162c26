"""How far can `compare` be trusted with single runs, on this machine? Runs of one scenario, each
held against each other: how often noise is taken for a difference, and how often a planted change
of a fifth is found.

    python -m benchmarks.equal_runs DIR...

where each DIR holds runs of one scenario (`run --out DIR`, again and again)."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path

from orchestrator.comparison.figures import HEADLINE
from orchestrator.comparison.measured import MeasuredSide
from orchestrator.comparison.sides import Side, read_side
from orchestrator.judge.noise import Measured, interval
from orchestrator.records import FigureKey

SLOWER = 1.2
LEAST = 0.03


def table(directory: Path) -> list[str]:
    """The lines for one directory of runs."""
    side = read_side(str(directory))
    runs = [MeasuredSide(Side(run.id, (run,))) for run in side.runs]
    measured = [{key: run.measured(key, "blocks") for key in HEADLINE} for run in runs]
    pairs = list(combinations(measured, 2))
    taken = [run.taken for run in runs if run.taken is not None]
    others = f", others took {min(taken):.0%} to {max(taken):.0%} of the machine" if taken else ""
    lines = [f"{directory}: {len(runs)} runs, {len(pairs)} pairs{others}"]
    alarms = sum(any(_seen(base[key], head[key]) for key in HEADLINE) for base, head in pairs)
    lines.append(f"  {'any of the six':<30} false alarms {_share(alarms, len(pairs))}")
    for key in HEADLINE:
        false = sum(_seen(base[key], head[key]) for base, head in pairs)
        found = sum(_seen(base[key], _changed(key, head[key])) for base, head in pairs)
        lines.append(
            f"  {key!s:<30} false alarms {_share(false, len(pairs))}, a fifth more is found "
            f"{_share(found, len(pairs))}"
        )
    return lines


def _seen(base: Measured, head: Measured) -> bool:
    found = interval(base, head, in_turns=False)
    return found is not None and found.beyond_noise and abs(found.change) >= LEAST


def _changed(key: FigureKey, side: Measured) -> Measured:
    factor = SLOWER**-key.sign
    return replace(side, values=tuple(value * factor for value in side.values))


def _share(count: int, of: int) -> str:
    return f"{count} of {of} ({count / of:.0%})" if of else "-"


def main(directories: Sequence[str]) -> None:
    for directory in directories:
        print("\n".join(table(Path(directory))))


if __name__ == "__main__":
    main(sys.argv[1:])
