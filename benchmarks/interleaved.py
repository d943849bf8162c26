"""A B C A B C: what disturbs the machine for a while disturbs all sides alike."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from benchmarks.contender_process import ContenderProcess
from benchmarks.laboratory import Laboratory
from benchmarks.records import Sample

After = Callable[[Sample], Awaitable[None]]
"""Called between repeats with each sample: to check it, and to clear the table."""

WARM_UP_TASKS = 50


@asynccontextmanager
async def open_all(
    laboratory: Laboratory, names: Sequence[str], environ: Mapping[str, str] | None = None
) -> AsyncIterator[Mapping[str, ContenderProcess]]:
    """All contenders, ready; they idle while another is measured. ``environ``: not the
    laboratory's."""
    async with AsyncExitStack() as stack:
        opened = {}
        for name in names:
            opened[name] = await stack.enter_async_context(laboratory.contender(name, environ))
        yield opened


async def interleaved(
    contenders: Mapping[str, ContenderProcess],
    *,
    tasks: int,
    rounds: int,
    after: After,
    before: Callable[[], Awaitable[None]] | None = None,
) -> dict[str, list[Sample]]:
    """The samples of each contender, one per round, after a small round that is not counted."""
    samples: dict[str, list[Sample]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name, contender in contenders.items():
            if before is not None:
                await before()
            sample = await contender.repeat(tasks if number else min(tasks, WARM_UP_TASKS))
            await after(sample)
            if number:
                samples[name].append(sample)
    return samples
