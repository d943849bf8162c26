"""A B C A B C: what disturbs the machine for a while disturbs all sides alike."""

import time
from collections.abc import Awaitable, Callable, Iterator, Mapping

from benchmarks.contender_process import ContenderProcess
from benchmarks.records import Sample

After = Callable[[Sample], Awaitable[None]]
"""Called between repeats with each sample: to check it, and to clear the table."""

WARM_UP_TASKS = 50


FEWEST_ROUNDS = 2


def rounds_within(
    rounds: int, budget_s: float, clock: Callable[[], float] = time.monotonic
) -> Iterator[int]:
    """1, 2, ... ``rounds``; ends earlier, but not before the second, when one more like those
    before it would go over the budget."""
    begun = clock()
    for number in range(1, rounds + 1):
        yield number
        spent_s = clock() - begun
        if number >= FEWEST_ROUNDS and spent_s / number * (number + 1) > budget_s:
            return


async def interleaved(
    contenders: Mapping[str, ContenderProcess],
    *,
    tasks: int,
    rounds: int,
    budget_s: float,
    after: After,
) -> dict[str, list[Sample]]:
    """The samples of each contender, one per round, after a small round that is not counted.

    See `rounds_within` for ``budget_s``.
    """
    samples: dict[str, list[Sample]] = {name: [] for name in contenders}
    for contender in contenders.values():
        await after(await contender.repeat(min(tasks, WARM_UP_TASKS)))
    for _ in rounds_within(rounds, budget_s):
        for name, contender in contenders.items():
            sample = await contender.repeat(tasks)
            await after(sample)
            samples[name].append(sample)
    return samples
