"""Who is measured. Each contender runs in a process of its own (`benchmarks.contender_main`).

A contender is an async context manager that gives the function which carries out one repeat. It
checks the values that it receives itself, outside of the measured time.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager

from benchmarks.records import Sample

Repeat = Callable[[int], Awaitable[Sample]]
"""Given a number of tasks, carries out one repeat with them."""

Contender = Callable[[], AbstractAsyncContextManager[Repeat]]

CONTENDERS: Mapping[str, str] = {
    "ours-publish": "benchmarks.contenders.ours:publish",
    "ours-publish-general": "benchmarks.contenders.ours:publish_general",
    "ours-await": "benchmarks.contenders.ours:publish_and_await",
    "ours-chord": "benchmarks.contenders.ours:chords",
    "ours-one": "benchmarks.contenders.ours:one_at_a_time",
    "ours-outstanding": "benchmarks.contenders.ours:outstanding",
    "ours-handles": "benchmarks.contenders.ours:handles",
    "stock-publish": "benchmarks.contenders.stock:publish",
    "stock-await": "benchmarks.contenders.stock:publish_and_await",
    "stock-chord": "benchmarks.contenders.stock:chords",
    "stock-one": "benchmarks.contenders.stock:one_at_a_time",
    "batch-publish": "benchmarks.contenders.kombu_batch:publish",
    "raw-publish": "benchmarks.contenders.raw:publish",
    "raw-await": "benchmarks.contenders.raw:publish_and_await",
    "raw-one": "benchmarks.contenders.raw:one_at_a_time",
}
"""Name -> where it is. By name, because each process imports only what it measures."""
