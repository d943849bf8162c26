"""Which processor core the client gets, and which the servers and workers."""

import os
import sys
from collections.abc import Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cores:
    """``client`` None: cores cannot be chosen here (macOS), or there is only one."""

    client: int | None
    servers: frozenset[int]

    def __str__(self) -> str:
        if self.client is None:
            return "not assigned: client and servers share what there is"
        return f"client {self.client}, servers and workers {sorted(self.servers)}"


def split_cores(usable: Set[int]) -> Cores:
    """The first core is the client's, the others are for everything else."""
    if len(usable) < 2:
        return Cores(None, frozenset(usable))
    client = min(usable)
    return Cores(client, frozenset(usable - {client}))


def usable_cores() -> frozenset[int]:
    """The cores this process may run on; empty where the system does not say."""
    return frozenset(os.sched_getaffinity(0)) if sys.platform == "linux" else frozenset()


@contextmanager
def on_servers_cores(cores: Cores) -> Iterator[None]:
    """Run there for a while; children that are started in the block stay there."""
    with _on(None if cores.client is None else cores.servers):
        yield


@contextmanager
def on_clients_core(cores: Cores) -> Iterator[None]:
    """Run there for a while."""
    with _on(None if cores.client is None else {cores.client}):
        yield


@contextmanager
def _on(chosen: Set[int] | None) -> Iterator[None]:
    if sys.platform != "linux" or chosen is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, chosen)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def move_to(core: int | None) -> None:
    """Bind this process to one core: to be called before it starts a thread."""
    if sys.platform == "linux" and core is not None:
        os.sched_setaffinity(0, {core})
