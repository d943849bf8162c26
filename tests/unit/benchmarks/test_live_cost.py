"""What the live view costs is added up from the steps that are its own."""

import os
import time

import anyio
import pytest

from benchmarks.live_cost import Spent, terminal


def sending() -> Spent:
    spent = Spent()
    spent.phase("sending")
    return spent


def busy(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        """Use the CPU."""


async def test_of_a_coroutine_only_its_own_steps_are_counted() -> None:
    spent = sending()

    async def view() -> None:
        busy(0.02)
        await anyio.sleep(0.01)
        busy(0.02)

    async def load() -> None:
        busy(0.1)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(spent.stepped(view))
        tasks.start_soon(load)
    assert 0.04 <= spent.cpu_s < 0.1


def test_a_function_that_fails_is_counted_too() -> None:
    spent = sending()

    def fail() -> None:
        busy(0.02)
        raise ValueError("bad")

    with pytest.raises(ValueError, match="bad"):
        spent.timed(fail)()
    assert spent.cpu_s >= 0.02


def test_what_is_drawn_before_and_after_the_load_does_not_count() -> None:
    spent = Spent()
    spent.timed(busy)(0.01)
    spent.phase("sending")
    spent.phase("stopping")
    spent.timed(busy)(0.01)
    assert spent.cpu_s == 0.0


def test_the_load_is_the_phase_called_sending() -> None:
    spent = Spent()
    for text in ("starting", "sending", "waiting", "stopping"):
        spent.phase(text)
        busy(0.01)
    assert 0.01 <= spent.load_s < 1.0


def test_the_terminal_is_one() -> None:
    with terminal() as writer, os.fdopen(writer, "w") as stream:
        assert stream.isatty()
        stream.write("x" * 100_000)
