"""A B C A B C: what disturbs the machine for a while disturbs all sides alike."""

from collections.abc import Awaitable, Callable, Mapping

from benchmarks.contender_process import ContenderProcess
from benchmarks.records import Sample

After = Callable[[Sample], Awaitable[None]]
"""Called between repeats with each sample: to check it, and to clear the table."""

WARM_UP_TASKS = 50


async def interleaved(
    contenders: Mapping[str, ContenderProcess],
    *,
    tasks: int,
    rounds: int,
    after: After,
) -> dict[str, list[Sample]]:
    """The samples of each contender, one per round, after a small round that is not counted."""
    samples: dict[str, list[Sample]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name, contender in contenders.items():
            sample = await contender.repeat(tasks if number else min(tasks, WARM_UP_TASKS))
            await after(sample)
            if number:
                samples[name].append(sample)
    return samples
