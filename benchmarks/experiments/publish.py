"""Publishing 10,000 adds as one group."""

from benchmarks.interleaved import interleaved
from benchmarks.laboratory import Laboratory
from benchmarks.records import Effort, Experiment, Findings, Row, Sample
from benchmarks.rounds import facts_per_task, paired_ratios

TASKS = 10_000
ROUNDS = 3
BUDGET_S = 35.0

ROWS = (
    Row("publish-stock", "publish 10,000 adds as a group: against group().apply_async()", "x", 30),
    Row("publish-general", "the same on the general road", "x", 4),
    Row("publish-batch", "publish 10,000 adds: against kombu's Producer.batch(500)", "x", 8),
    Row("publish-limit", "the same against LPUSH of pre-encoded messages", "x", 0.2),
)

_SIDES = {
    "publish-stock": ("ours-publish", "stock-publish"),
    "publish-general": ("ours-publish-general", "stock-publish"),
    "publish-batch": ("ours-publish", "batch-publish"),
    "publish-limit": ("ours-publish", "raw-publish"),
}


async def run(laboratory: Laboratory, effort: Effort, wanted: frozenset[str]) -> Findings:
    """Nobody consumes; after each repeat the queue is read, checked and emptied."""
    sides = {row: pair for row, pair in _SIDES.items() if row in wanted}
    names = tuple(dict.fromkeys(name for pair in sides.values() for name in pair))

    async def check(sample: Sample) -> None:
        await laboratory.check_published(sample.ids)

    async with laboratory.contenders(names) as contenders:
        samples = await interleaved(
            contenders,
            tasks=effort.tasks(TASKS),
            rounds=effort.rounds(ROUNDS),
            budget_s=effort.budget_s(BUDGET_S),
            after=check,
        )
    wall = {name: [sample.wall_s for sample in taken] for name, taken in samples.items()}
    values = {row: paired_ratios(wall[other], wall[ours]) for row, (ours, other) in sides.items()}
    return Findings(values, facts_per_task(samples, "publish"))


EXPERIMENT = Experiment("publish", ROWS, run)
