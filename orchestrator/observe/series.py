"""The series: one `Sample` a second, of the load, the backlog, the pools and ourselves."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Protocol

import anyio
import anyio.to_thread

from orchestrator.errors import BrokerUnavailable
from orchestrator.observe.process_sampler import (
    Family,
    ProcessSampler,
    Usage,
    machine_busy_s,
)
from orchestrator.observe.timeline_context import Counts
from orchestrator.records import Sample

DEPTHS_S = 0.5
"""How long a broker that may fail may take to say what it holds."""


class Depths(Protocol):
    """Where the backlog is read: messages per queue."""

    async def depths(self) -> dict[str, int]: ...


class Series:
    """Takes samples and keeps them; rates and CPU ratios are differences to the sample before.

    ``pids`` gives each pool's living main processes. ``backlog`` is None where it cannot be read;
    with ``broker_fails``, on purpose, it is unknown for as long as the broker is away.
    """

    def __init__(
        self,
        counts: Counts,
        *,
        in_flight: Callable[[], int],
        pids: Callable[[], Mapping[str, tuple[int, ...]]],
        backlog: Depths | None,
        broker_fails: bool = False,
    ) -> None:
        self.samples: list[Sample] = []
        self.rss_max_bytes: dict[str, int] = {}
        self.usage: dict[str, Usage] = {}
        """The last seen usage of each pool; our own under ``""``."""
        self._counts = counts
        self._in_flight = in_flight
        self._pids = pids
        self._backlog = backlog
        self._broker_fails = broker_fails
        self._sampler = ProcessSampler()
        self._before = (0, 0, 0)
        self._before_s: float | None = None
        self._others_s: float | None = None

    def family(self, pool: str) -> Family:
        """The processes of a pool that were ever seen."""
        return self._sampler.family(pool)

    async def take(self, at_s: float) -> Sample:
        """The sample of the interval that ends ``at_s`` seconds into the load."""
        ratios, others_ratio = await self._take_usage(at_s)
        backlog = await self._depths()
        now = (self._counts.sent, self._counts.completed, self._counts.failed)
        sent, completed, failed = (b - a for a, b in zip(self._before, now, strict=True))
        self._before = now
        sample = Sample(
            at_s=at_s,
            sent=sent,
            completed=completed,
            failed=failed,
            in_flight=self._in_flight(),
            backlog=backlog,
            pools={
                name: (ratios[name], usage.rss_bytes) for name, usage in self.usage.items() if name
            },
            orchestrator_cpu_ratio=ratios[""],
            orchestrator_rss_bytes=self.usage[""].rss_bytes,
            others_cpu_ratio=others_ratio,
        )
        self.samples.append(sample)
        return sample

    async def _depths(self) -> dict[str, int]:
        if self._backlog is None:
            return {}
        if not self._broker_fails:
            return await self._backlog.depths()
        with anyio.move_on_after(DEPTHS_S), suppress(BrokerUnavailable):
            return await self._backlog.depths()
        return {}

    async def _take_usage(self, at_s: float) -> tuple[dict[str, float], float | None]:
        """CPU seconds a second since the sample before (1.0 is one core): of each pool, and of all
        processes of the machine that are not ours (None at first)."""
        # The process table is read in a thread: on a busy machine it takes longer than the load can
        # wait.
        pools = await anyio.to_thread.run_sync(self._sampler.sample, self._pids())
        before, self.usage = self.usage, {**pools, "": self._sampler.own()}
        elapsed_s = None if self._before_s is None else at_s - self._before_s
        self._before_s = at_s
        ratios = dict.fromkeys(self.usage, 0.0)
        for name, usage in self.usage.items():
            self.rss_max_bytes[name] = max(usage.rss_bytes, self.rss_max_bytes.get(name, 0))
            if elapsed_s and name in before:
                ratios[name] = max(0.0, (usage.cpu_s - before[name].cpu_s) / elapsed_s)
        return ratios, self._others_ratio(elapsed_s)

    def _others_ratio(self, elapsed_s: float | None) -> float | None:
        ours_s = sum(usage.cpu_s for usage in self.usage.values()) + self._sampler.rest.cpu_s
        before_s, self._others_s = self._others_s, machine_busy_s() - ours_s
        if not elapsed_s or before_s is None:
            return None
        return max(0.0, (self._others_s - before_s) / elapsed_s)
