"""Publishing 10,000 adds and awaiting their results, with a worker faster than any client."""

from benchmarks.interleaved import interleaved
from benchmarks.laboratory import Laboratory
from benchmarks.records import Effort, Experiment, Findings, Row, Sample
from benchmarks.rounds import facts_per_task, paired_ratios

TASKS = 10_000
ROUNDS = 3
BUDGET_S = 25.0

ROWS = (
    Row("echo-rate", "publish + await 10,000, echo worker: tasks/s against group + get()", "x", 15),
    Row("echo-cpu", "the same: client CPU per task, stock over ours", "x", 15),
)

_OURS, _STOCK, _RAW = "ours-await", "stock-await", "raw-await"


async def run(laboratory: Laboratory, effort: Effort, wanted: frozenset[str]) -> Findings:
    """The bare socket shows how fast the echo worker is."""

    async def check(sample: Sample) -> None:
        await laboratory.check_stored(sample.ids)
        await laboratory.forget_results()

    async with (
        laboratory.echo_worker(),
        laboratory.contenders((_OURS, _STOCK, _RAW)) as contenders,
    ):
        samples = await interleaved(
            contenders,
            tasks=effort.tasks(TASKS),
            rounds=effort.rounds(ROUNDS),
            budget_s=effort.budget_s(BUDGET_S),
            after=check,
        )
    ours, stock = samples[_OURS], samples[_STOCK]
    values = {
        "echo-rate": paired_ratios([s.wall_s for s in stock], [s.wall_s for s in ours]),
        "echo-cpu": paired_ratios([s.cpu_s for s in stock], [s.cpu_s for s in ours]),
    }
    return Findings(values, facts_per_task(samples, "publish + await"))


EXPERIMENT = Experiment("echo", ROWS, run)
