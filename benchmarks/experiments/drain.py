"""What waiting for the results costs the workers: 5,000 adds on a real prefork worker."""

import time

import anyio

from benchmarks.contender_process import ContenderProcess
from benchmarks.interleaved import rounds_within
from benchmarks.laboratory import Laboratory
from benchmarks.records import BenchmarkError, Effort, Experiment, Fact, Findings, Row
from benchmarks.rounds import paired_ratios

TASKS = 5_000
ROUNDS = 3
BUDGET_S = 35.0

ROWS = (
    Row("drain", "5,000 adds on a prefork worker, awaited: over the worker's own rate", "x", 0.92),
)

_OURS, _ALONE = "ours-await", "raw-publish"
_POLL_S = 0.02
_DRAIN_S = 120.0


async def run(laboratory: Laboratory, effort: Effort, wanted: frozenset[str]) -> Findings:
    """Alone: messages encoded before are pushed at once, and nobody listens; the number of stored
    results is asked for fifty times a second."""
    tasks = effort.tasks(TASKS)
    alone_s, awaited_s = [], []
    async with (
        laboratory.prefork_worker(),
        laboratory.contenders((_ALONE, _OURS)) as contenders,
    ):
        for _ in rounds_within(effort.rounds(ROUNDS), effort.budget_s(BUDGET_S)):
            alone_s.append(await _drained(laboratory, contenders[_ALONE], tasks))
            sample = await contenders[_OURS].repeat(tasks)
            await laboratory.check_stored(sample.ids)
            awaited_s.append(sample.wall_s)
    facts = [
        Fact("drain, nobody listens", "tasks/s", tuple(tasks / wall for wall in alone_s)),
        Fact("drain, ours-await", "tasks/s", tuple(tasks / wall for wall in awaited_s)),
    ]
    return Findings({"drain": paired_ratios(alone_s, awaited_s)}, facts)


async def _drained(laboratory: Laboratory, publisher: ContenderProcess, tasks: int) -> float:
    """Seconds from before the first message until the last result is stored."""
    await laboratory.forget_results()
    sample = await publisher.repeat(tasks)
    begun = time.perf_counter() - sample.wall_s
    with anyio.move_on_after(_DRAIN_S):
        while await laboratory.results.dbsize() < tasks:  # noqa: ASYNC110 - Redis does not tell
            await anyio.sleep(_POLL_S)
        wall_s = time.perf_counter() - begun
        await laboratory.check_stored(sample.ids)
        await laboratory.forget_results()
        return wall_s
    raise BenchmarkError(f"the worker did not end {tasks} tasks in {_DRAIN_S:g} s")


EXPERIMENT = Experiment("drain", ROWS, run)
