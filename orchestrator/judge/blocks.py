"""How far one run pins its own figures down: a bootstrap over blocks of its time.

Neighbouring seconds of a run are alike (a queue that is long stays long), so tasks are not drawn
one by one but in blocks of time, which are long enough to be nearly independent: some twenty for a
run, as many as batch means need (B. Schmeiser, "Batch size effects in the analysis of simulation
output", Operations Research 30, 1982). What differs from run to run, and not within one, no
resampling of one run can see.

Errors are standard errors of the logarithm of a figure: 0.02 is about 2 % of it.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

RESAMPLES = 1000
MOST_BLOCKS = 20
FEWEST_BLOCKS = 5
"""Of fewer nobody can tell how much they differ."""
SHORTEST_BLOCK_S = 0.25
LOWEST_MS = 0.001
"""Times are stored to the microsecond."""
_PER_OCTAVE = 128


def block_count(span_s: float) -> int:
    """Into how many blocks a run that was measured for ``span_s`` is cut; 0 when it was too
    short."""
    count = min(MOST_BLOCKS, int(span_s / SHORTEST_BLOCK_S))
    return count if count >= FEWEST_BLOCKS else 0


def resampled(blocks: int, seed: int) -> Floats:
    """How often each block is drawn in each of `RESAMPLES` resamples; the same seed gives the
    same."""
    generator = np.random.default_rng(seed)
    return generator.multinomial(blocks, [1 / blocks] * blocks, size=RESAMPLES).astype(np.float64)


def ratio_error(above: Floats, below: Floats, draws: Floats) -> float | None:
    """Of the sum of ``above`` over that of ``below`` (both a number for each block): tasks per
    second, CPU seconds per task. None when there is nothing above, or nothing below."""
    if not above.sum() or not below.sum():
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        logs, halves = (np.log((part @ above) / (part @ below)) for part in _parts(draws))
    return _error(logs, halves, len(above))


def percentile_errors(
    values_ms: Floats, block_of: Integers, draws: Floats, percents: Sequence[float]
) -> list[float | None]:
    """Of each percentile of ``values_ms``, whose blocks are ``block_of``. None where it cannot be
    told."""
    if not len(values_ms):
        return [None] * len(percents)
    rows = np.floor(np.log2(np.maximum(values_ms, LOWEST_MS) / LOWEST_MS) * _PER_OCTAVE)
    kinds, column = np.unique(rows, return_inverse=True)
    blocks = draws.shape[1]
    size = blocks * len(kinds)
    counts = np.bincount(block_of * len(kinds) + column, minlength=size).reshape(blocks, -1)
    drawn, halved = (np.cumsum(part @ counts, axis=1) for part in _parts(draws))
    return [
        _error(_logs(drawn, kinds, percent), _logs(halved, kinds, percent), blocks)
        for percent in percents
    ]


def _parts(draws: Floats) -> tuple[Floats, Floats]:
    """The resamples, and the two halves of the run."""
    blocks = draws.shape[1]
    first = (np.arange(blocks) < blocks / 2).astype(np.float64)
    return draws, np.stack((first, 1 - first))


def _logs(below: Floats, kinds: Floats, percent: float) -> Floats:
    """The logarithm of a percentile in each resample; NaN in one that drew no value."""
    total = below[:, -1]
    rank = np.maximum(total - 1, 0) * percent / 100
    place = np.argmax(below > rank[:, None], axis=1)
    logs: Floats = np.where(total > 0, (kinds[place] + 0.5) / _PER_OCTAVE * np.log(2), np.nan)
    return logs


def _error(logs: Floats, halves: Floats, blocks: int) -> float | None:
    """The standard deviation over the resamples. Drawing from so few blocks makes it too small by a
    factor that is known (T. Hesterberg, "What teachers should know about the bootstrap", The
    American Statistician 69, 2015).

    Half the distance between the halves of the run is an error as well, and the larger one where a
    queue grew, or the machine became busy, and blocks are not independent."""
    known = logs[np.isfinite(logs)]
    if len(known) < len(logs) / 2:
        return None
    drawn = float(np.std(known) * np.sqrt(blocks / (blocks - 1)))
    apart = abs(float(halves[1] - halves[0])) / 2
    return max(drawn, apart) if np.isfinite(apart) else drawn
