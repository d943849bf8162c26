"""What the probe costs the workers: the same worker with and without it, on the same messages."""

import time
from contextlib import AsyncExitStack

import anyio

from benchmarks.app import QUEUE
from benchmarks.contender_process import ContenderProcess
from benchmarks.cores import on_clients_core
from benchmarks.interleaved import rounds_within
from benchmarks.laboratory import Laboratory
from benchmarks.records import BenchmarkError, Effort, Experiment, Fact, Findings, Row
from benchmarks.rounds import paired_ratios
from orchestrator.observe.probe_server import ProbeServer, open_probe_server

TASKS = 500
ROUNDS = 16
BUDGET_S = 15.0

ROWS = (
    Row("probe", "throughput of a prefork worker with the probe in it, over without", "x", 0.95),
)

_PROBED, _BARE = "bench-probed", "bench-bare"
_POLL_S = 0.02
_DRAIN_S = 120.0


class Counter:
    """Of the events, which the real listener does more with."""

    def __init__(self) -> None:
        self.events = 0

    def received(self, task_id: str, at_ns: int, worker: str) -> None:
        self.events += 1

    def started(self, task_id: str, at_ns: int, worker: str) -> None:
        self.events += 1

    def finished(self, task_id: str, at_ns: int, state: str, worker: str) -> None:
        self.events += 1

    def cut_off(self, task_id: str) -> None:
        pass

    def gone(self, worker: str) -> None:
        pass

    def published(self, task_id: str, at_ns: int) -> None:
        self.events += 1


async def run(laboratory: Laboratory, effort: Effort, wanted: frozenset[str]) -> Findings:
    """Both workers are up all the time, each on a queue of its own; a whole queue of messages is
    given to one of them at once, in turn. The events are read by this process, on the core that
    the orchestrator has in the other experiments."""
    tasks = effort.tasks(TASKS)
    counter = Counter()
    taken: dict[str, list[float]] = {_PROBED: [], _BARE: []}
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(
            open_probe_server(laboratory.guardian.directory, counter)
        )
        await stack.enter_async_context(laboratory.prefork_worker(_PROBED, probe=server.path))
        await stack.enter_async_context(laboratory.prefork_worker(_BARE))
        publisher = await stack.enter_async_context(laboratory.contender("raw-publish"))
        stack.enter_context(on_clients_core(laboratory.cores))
        for number in rounds_within(effort.rounds(ROUNDS), effort.budget_s(BUDGET_S)):
            for queue in (_PROBED, _BARE) if number % 2 else (_BARE, _PROBED):
                before = counter.events
                taken[queue].append(await _drained(laboratory, publisher, queue, tasks))
                wanted_events = 3 * tasks if queue == _PROBED else 0
                await _check_told(server, counter, before, wanted_events)
    facts = [
        Fact(f"probe, {name}", "tasks/s", tuple(tasks / wall_s for wall_s in taken[queue]))
        for name, queue in (("with it", _PROBED), ("without", _BARE))
    ]
    return Findings({"probe": paired_ratios(taken[_BARE], taken[_PROBED])}, facts)


async def _drained(
    laboratory: Laboratory, publisher: ContenderProcess, queue: str, tasks: int
) -> float:
    """Seconds from when the worker of ``queue`` is given the messages until the last result is
    stored."""
    await laboratory.forget_results()
    sample = await publisher.repeat(tasks)
    begun = time.perf_counter()
    await laboratory.broker.rename(QUEUE, queue)
    with anyio.move_on_after(_DRAIN_S):
        while await laboratory.results.dbsize() < tasks:  # noqa: ASYNC110 - Redis does not tell
            await anyio.sleep(_POLL_S)
        wall_s = time.perf_counter() - begun
        await laboratory.check_stored(sample.ids)
        return wall_s
    raise BenchmarkError(f"the worker did not end {tasks} tasks in {_DRAIN_S:g} s")


async def _check_told(server: ProbeServer, counter: Counter, before: int, wanted: int) -> None:
    """Three events a task, none lost. A result is stored before its task's end is told."""
    with anyio.move_on_after(2.0):
        while counter.events < before + wanted:
            await server.drained()
            await anyio.sleep(_POLL_S)
    told = counter.events - before
    if told != wanted or server.lost_events:
        raise BenchmarkError(
            f"the probe told {told} events of {wanted} and lost {server.lost_events}"
        )


EXPERIMENT = Experiment("probe", ROWS, run)
