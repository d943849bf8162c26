"""CPU and memory of the pools' process trees and of ourselves.

A process that has ended still counts: on Linux its CPU time is in its parent's (`children_user`),
and everywhere the last value that was seen of it is kept. Memory is the sum of the resident sets,
in which pages that a prefork worker shares with its children count once for each.
"""

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import psutil


@dataclass(frozen=True, slots=True)
class Usage:
    """`cpu_s`: CPU seconds, user and system, since the start; `rss_bytes`: resident now."""

    cpu_s: float = 0.0
    rss_bytes: int = 0


@dataclass(slots=True)
class Family:
    """Process ids of one pool: its main processes, their children, and how many of the latter there
    were at a time."""

    roots: set[int] = field(default_factory=set)
    children: set[int] = field(default_factory=set)
    most_children: int = 0


@dataclass(slots=True)
class _Tree:
    """What was seen of one pool so far. `own` is a process's CPU time without its children's."""

    own: dict[tuple[int, float], float] = field(default_factory=dict)
    cpu_s: float = 0.0


def machine_busy_s() -> float:
    """CPU seconds that all processors of the machine spent on anything, since it was started; what
    the host of a virtual machine took away from it (steal) counts as well."""
    times = psutil.cpu_times()
    # On Linux `user` has `guest` in it, and `nice` has `guest_nice`.
    idle = ("idle", "iowait", "guest", "guest_nice")
    return float(sum(getattr(times, name) for name in times._fields if name not in idle))


class ProcessSampler:
    """Call `sample` once a second or so; what a process used after its last one may be missed.

    ``rest`` is the usage of our descendants that belong to no root: the private broker, the
    guardian."""

    def __init__(self) -> None:
        self.rest = Usage()
        self._rest = _Tree()
        self._trees: dict[str, _Tree] = {}
        self._families: dict[str, Family] = {}
        self._self = psutil.Process(os.getpid())

    def own(self) -> Usage:
        """This process alone, without its children."""
        with self._self.oneshot():
            times = self._self.cpu_times()
            return Usage(times.user + times.system, self._self.memory_info().rss)

    def sample(self, roots: Mapping[str, Collection[int]]) -> Mapping[str, Usage]:
        """For each name the usage of the process trees whose roots (process ids) are given.

        The roots must be children of this process. A root that has ended may be left out or not;
        its CPU time stays counted under its name. Some 50 microseconds a process; never raises when
        processes vanish.
        """
        alive = self._alive({pid: name for name, pids in roots.items() for pid in pids})
        for name, pids in roots.items():
            self._meet(self.family(name), pids, alive.get(name, ()))
        self.rest = self._measure(self._rest, alive.get(None, ()))
        return {
            name: self._measure(self._trees.setdefault(name, _Tree()), alive.get(name, ()))
            for name in {**self._trees, **roots}
        }

    def family(self, name: str) -> Family:
        """The processes of a tree that were ever seen."""
        return self._families.setdefault(name, Family())

    @staticmethod
    def _meet(family: Family, roots: Collection[int], alive: Iterable[psutil.Process]) -> None:
        family.roots.update(roots)
        children = set()
        for process in alive:
            try:
                if process.ppid() in family.roots:
                    children.add(process.pid)
            except psutil.Error:
                continue
        family.children |= children
        family.most_children = max(family.most_children, len(children))

    def _alive(self, owners: dict[int, str]) -> dict[str | None, list[psutil.Process]]:
        """The living processes of each tree, and of none, found in one pass over the process
        table."""
        alive: dict[str | None, list[psutil.Process]] = {}
        for process in self._descendants():
            try:
                name = owners.get(process.pid) or owners.get(process.ppid())
            except psutil.Error:
                continue
            if name is not None:
                owners[process.pid] = name  # parents come before their children
            alive.setdefault(name, []).append(process)
        return alive

    def _descendants(self) -> list[psutil.Process]:
        try:
            return self._self.children(recursive=True)
        except psutil.Error:
            return []

    @staticmethod
    def _measure(tree: _Tree, processes: Collection[psutil.Process]) -> Usage:
        with_ended_children = 0.0
        rss_bytes = 0
        for process in processes:
            try:
                with process.oneshot():
                    times = process.cpu_times()
                    rss_bytes += process.memory_info().rss
            except psutil.Error:
                continue
            own = times.user + times.system
            tree.own[process.pid, process.create_time()] = own
            with_ended_children += own + times.children_user + times.children_system
        tree.cpu_s = max(tree.cpu_s, with_ended_children, sum(tree.own.values()))
        return Usage(tree.cpu_s, rss_bytes)
