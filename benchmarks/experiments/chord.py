"""Chords of 100 on a real worker, one after the other, 50 times."""

from benchmarks.interleaved import interleaved
from benchmarks.laboratory import Laboratory
from benchmarks.records import Effort, Experiment, Fact, Findings, Row, Sample
from benchmarks.rounds import facts_per_task, paired_ratios, quantile

SIZE = 100
ROUNDS = 50
BUDGET_S = 18.0

ROWS = (
    Row("chord-wall", "chord of 100 on a prefork worker: wall, stock over ours", "x", 1),
    Row("chord-slowest", "the same, the slowest tenth: 90th percentile, stock over ours", "x", 1),
    Row("chord-cpu", "the same: client CPU, stock over ours", "x", 5),
)

_OURS, _STOCK = "ours-chord", "stock-chord"


async def run(laboratory: Laboratory, effort: Effort, wanted: frozenset[str]) -> Findings:
    """The two sides take turns chord by chord."""

    async def clear(_: Sample) -> None:
        await laboratory.forget_results()

    async with (
        laboratory.prefork_worker(),
        laboratory.contenders((_OURS, _STOCK)) as contenders,
    ):
        samples = await interleaved(
            contenders,
            tasks=effort.tasks(SIZE),
            rounds=max(2, int(effort.rounds(ROUNDS) * effort.scale)),
            budget_s=effort.budget_s(BUDGET_S),
            after=clear,
        )
    ours, stock = samples[_OURS], samples[_STOCK]
    our_walls, stock_walls = [s.wall_s for s in ours], [s.wall_s for s in stock]
    values = {
        "chord-wall": paired_ratios(stock_walls, our_walls),
        "chord-slowest": (quantile(stock_walls, 0.9) / quantile(our_walls, 0.9),),
        "chord-cpu": paired_ratios([s.cpu_s for s in stock], [s.cpu_s for s in ours]),
    }
    facts = [
        *facts_per_task(samples, "chord"),
        Fact("chord, ours-chord: whole", "ms", tuple(wall * 1e3 for wall in our_walls)),
        Fact("chord, stock-chord: whole", "ms", tuple(wall * 1e3 for wall in stock_walls)),
    ]
    return Findings(values, facts)


EXPERIMENT = Experiment("chord", ROWS, run)
