"""Runs whose truth is known: tasks whose pace wanders (neighbours are alike), and runs that lie
apart."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orchestrator.judge.blocks import MOST_BLOCKS

STEPS = 200
PER_STEP = 10


@dataclass(frozen=True)
class SimulatedRun:
    """Durations of tasks in the order of time, and the block of each."""

    values_ms: NDArray[np.float64]
    block_of: NDArray[np.int64]


def simulated_run(
    seed: int, *, median_ms: float = 20.0, scatter: float = 0.02, wander: float = 0.05
) -> SimulatedRun:
    """``scatter`` is how far runs lie apart, ``wander`` how far the pace goes within one (both as
    standard deviations of logarithms); a step of it keeps 0.8 of the one before."""
    generator = np.random.default_rng(seed)
    pace = np.zeros(STEPS)
    pushes = generator.normal(0.0, wander * np.sqrt(1 - 0.8**2), STEPS)
    for step in range(1, STEPS):
        pace[step] = 0.8 * pace[step - 1] + pushes[step]
    logs = np.repeat(pace, PER_STEP) + generator.normal(0.0, 0.1, STEPS * PER_STEP)
    logs += np.log(median_ms) + generator.normal(0.0, scatter)
    block_of = np.arange(STEPS * PER_STEP) * MOST_BLOCKS // (STEPS * PER_STEP)
    return SimulatedRun(np.exp(logs), block_of)
