"""A sample's rates are differences, and its CPU is that of the pools' own processes."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import anyio
import psutil
import pytest

from orchestrator.errors import BrokerUnavailable
from orchestrator.observe.process_sampler import Usage
from orchestrator.observe.series import Series
from orchestrator.observe.timeline_context import Counts


class FakeBacklog:
    async def depths(self) -> dict[str, int]:
        return {"add": 5, "unacked": 2}


@pytest.fixture
def busy() -> Iterator[int]:
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    busy = psutil.Process(process.pid)
    deadline = time.monotonic() + 20
    while busy.cpu_times().user < 0.1 and time.monotonic() < deadline:
        time.sleep(0.02)
    yield process.pid
    process.kill()
    process.wait()


async def test_counts_are_of_the_interval_and_usage_of_the_pool(busy: int) -> None:
    counts = Counts()
    series = Series(
        counts, in_flight=lambda: 3, pids=lambda: {"add": (busy,)}, backlog=FakeBacklog()
    )
    await series.take(0.0)
    counts.sent, counts.completed, counts.failed = 10, 8, 1
    first = await series.take(1.0)
    counts.sent, counts.completed = 15, 15
    second = await series.take(2.0)
    assert (first.sent, first.completed, first.failed) == (10, 8, 1)
    assert (second.sent, second.completed, second.failed) == (5, 7, 0)
    assert second.backlog == {"add": 5, "unacked": 2}
    assert second.in_flight == 3
    assert second.pools["add"][1] > 1_000_000
    assert series.rss_max_bytes["add"] >= second.pools["add"][1]
    assert series.usage["add"].cpu_s > 0
    assert second.orchestrator_rss_bytes > 1_000_000
    assert len(series.samples) == 3


async def test_without_a_backlog_to_read_it_is_empty_not_zero() -> None:
    series = Series(
        Counts(), in_flight=lambda: 0, pids=lambda: {"me": (os.getpid(),)}, backlog=None
    )
    assert (await series.take(0.0)).backlog == {}


async def test_what_others_use_is_what_is_left_of_the_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    busy_s = iter([100.0, 103.5, 103.5])
    monkeypatch.setattr("orchestrator.observe.series.machine_busy_s", lambda: next(busy_s))
    series = Series(Counts(), in_flight=lambda: 0, pids=dict, backlog=None)
    used = {"pool": 5.0, "own": 2.0, "rest": 1.0}
    monkeypatch.setattr(series._sampler, "own", lambda: Usage(used["own"], 1))

    def sample(roots: object) -> dict[str, Usage]:
        series._sampler.rest = Usage(used["rest"], 1)
        return {"add": Usage(used["pool"], 1)}

    monkeypatch.setattr(series._sampler, "sample", sample)
    assert (await series.take(1.0)).others_cpu_ratio is None
    used.update(pool=5.5, own=2.25, rest=1.25)
    assert (await series.take(3.0)).others_cpu_ratio == pytest.approx((3.5 - 1.0) / 2)
    used.update(pool=6.0)
    assert (await series.take(4.0)).others_cpu_ratio == 0.0


class Away:
    """A broker that is gone, or that does not answer."""

    def __init__(self, *, hangs: bool) -> None:
        self._hangs = hangs

    async def depths(self) -> dict[str, int]:
        if self._hangs:
            await anyio.sleep_forever()
        raise BrokerUnavailable("gone")


@pytest.mark.parametrize("hangs", [False, True])
async def test_the_backlog_of_a_broker_that_fails_on_purpose_is_unknown(hangs: bool) -> None:
    options: dict[str, Any] = {"in_flight": lambda: 0, "pids": lambda: {}}
    away = Away(hangs=hangs)
    series = Series(Counts(), backlog=away, broker_fails=True, **options)
    with anyio.fail_after(10):
        assert (await series.take(0.0)).backlog == {}


async def test_else_it_ends_the_run() -> None:
    options: dict[str, Any] = {"in_flight": lambda: 0, "pids": lambda: {}}
    with pytest.raises(BrokerUnavailable):
        await Series(Counts(), backlog=Away(hangs=False), **options).take(0.0)
