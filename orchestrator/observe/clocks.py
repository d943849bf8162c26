"""The clocks of workers that are not ours, against ours.

On this host the wall clock is the same, so its distance to our monotonic clock is known. Another
host's is bounded by what it told of our own tasks: it received none before we sent it, and had
finished each before we saw its result (the bounds of Cristian's algorithm, F. Cristian 1989, with
every task a probe). The estimate is the middle of what is left."""

import socket
import time
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from orchestrator.records import HostClock

Bounds = tuple[int | None, int | None]
"""In ns, what must be added at least and at most; None where nothing is known."""

_NS_PER_MS = 1_000_000
_EPOCH = datetime.fromtimestamp(0, UTC)
_MICROSECOND = timedelta(microseconds=1)


def wall_shift_ns() -> int:
    """What to add to this host's wall clock (ns since the epoch) to have its monotonic clock."""
    before = time.monotonic_ns()
    wall = time.time_ns()
    return (before + time.monotonic_ns()) // 2 - wall


def wall_ns(date: Any) -> int | None:
    """A date as Celery's results have it (ISO 8601, or a datetime; without a zone it is UTC), in ns
    since the epoch. None for anything else."""
    if isinstance(date, str):
        try:
            date = datetime.fromisoformat(date)
        except ValueError:
            return None
    if not isinstance(date, datetime):
        return None
    return (date.replace(tzinfo=date.tzinfo or UTC) - _EPOCH) // _MICROSECOND * 1000


def compare_clocks(
    nodes: Collection[str], bounds: Mapping[str, Bounds], shift_ns: int, *, here: str | None = None
) -> tuple[tuple[HostClock, ...], dict[str, int]]:
    """The clock of each host, and what must be added to the times of each worker (node).

    ``nodes`` are all workers; ``bounds`` those of each; ``shift_ns`` is ours (`wall_shift_ns`);
    ``here`` is this host's name. A worker whose name is unknown (empty) is on the only host that
    there is, if there is only one."""
    here = socket.gethostname() if here is None else here
    hosts = sorted({host_of(node) for node in nodes})
    everyone = (*nodes, "") if len(hosts) == 1 else tuple(nodes)
    host_by_node = {node: host_of(node) or hosts[0] for node in everyone}
    clocks = {
        host: _clock(
            host,
            [bounds[node] for node in everyone if host_by_node[node] == host and node in bounds],
            shift_ns,
            here,
        )
        for host in hosts
    }
    shifts = {
        node: shift_ns - round(ahead_ms * _NS_PER_MS)
        for node in everyone
        if (ahead_ms := clocks[host_by_node[node]].ahead_ms) is not None
    }
    return tuple(clocks.values()), shifts


def host_of(node: str) -> str:
    """`add@host` -> `host`."""
    return node.partition("@")[2]


def _clock(host: str, found: list[Bounds], shift_ns: int, here: str) -> HostClock:
    if host == here:
        return HostClock(host, same=True, ahead_ms=0.0, uncertainty_ms=0.0)
    least = max((low for low, _ in found if low is not None), default=None)
    most = min((high for _, high in found if high is not None), default=None)
    if least is None or most is None:
        return HostClock(host, same=False, ahead_ms=None, uncertainty_ms=None)
    middle = (least + most) / 2
    return HostClock(
        host,
        same=False,
        ahead_ms=(shift_ns - middle) / _NS_PER_MS,
        uncertainty_ms=abs(most - least) / 2 / _NS_PER_MS,
    )
