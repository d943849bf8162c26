"""One task at a time on an idle worker."""

from statistics import median

from benchmarks.interleaved import interleaved
from benchmarks.laboratory import Laboratory
from benchmarks.records import Effort, Experiment, Fact, Findings, Row, Sample
from benchmarks.rounds import paired_ratios

AT_A_TIME = 25
ROUNDS = 15
BUDGET_S = 12.0

ROWS = (
    Row(
        "latency",
        "one task at a time on an idle worker: median latency, ours over stock get()",
        "x",
        1,
        better="lower",
    ),
)

_OURS, _STOCK, _RAW = "ours-one", "stock-one", "raw-one"


async def run(laboratory: Laboratory, effort: Effort, wanted: frozenset[str]) -> Findings:
    """The sides take turns, 25 tasks each; each turn counts with its median."""

    async def clear(_: Sample) -> None:
        await laboratory.forget_results()

    async with (
        laboratory.prefork_worker(),
        laboratory.contenders((_OURS, _STOCK, _RAW)) as contenders,
    ):
        samples = await interleaved(
            contenders,
            tasks=effort.tasks(AT_A_TIME),
            rounds=max(2, int(effort.rounds(ROUNDS) * effort.scale)),
            budget_s=effort.budget_s(BUDGET_S),
            after=clear,
        )
    laps = {name: [median(s.laps_s) for s in taken] for name, taken in samples.items()}
    facts = [
        Fact(f"one task, {name}: median latency", "ms", tuple(lap * 1e3 for lap in taken))
        for name, taken in laps.items()
    ]
    return Findings({"latency": paired_ratios(laps[_OURS], laps[_STOCK])}, facts)


EXPERIMENT = Experiment("latency", ROWS, run)
