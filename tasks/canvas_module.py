"""Small tasks to build canvases of: bodies of chords, links of chains, tasks that misbehave."""

import math
import time
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from tasks.application import App, PrintableTask
from tasks.arguments import duration, numbers, whole_number

app = App("canvas_module")
app.config_from_object("tasks.celeryconfig")

RETRY_COUNTDOWN_S = 0.01
MAX_FLAKY_TIMES = 100

# ---- folds: the bodies of chords ----------------------------------------------------------------


def expected_sum(values: Any) -> int | float:
    """Return the sum by exact fractions, rounded once."""
    flat = list(numbers(values))
    if all(isinstance(value, int) for value in flat):
        return sum(flat)
    return _sum_of_floats([float(value) for value in flat])


def _sum_of_floats(values: list[float]) -> float:
    if all(map(math.isfinite, values)):
        return float(sum(map(Fraction, values)))
    return math.fsum(values)


@app.task(name="canvas_module.tasks.sum", reference=staticmethod(expected_sum))
def sum_of_numbers(values: list[Any]) -> int | float:
    """Return the sum of a (nested) list: exact for ints, correctly rounded with floats.

    The order of the values does not matter. An empty list gives 0. Raises ValueError for other
    values.
    """
    flat = list(numbers(values))
    if any(isinstance(value, float) for value in flat):
        return math.fsum(flat)
    total = 0
    for value in flat:
        total += value  # type: ignore[assignment]
    return total


def expected_digits(value: Any) -> int:
    """Return the number of decimal digits as the decimal library counts them."""
    return Decimal(_largest(value)).adjusted() + 1


@app.task(name="canvas_module.tasks.digits", reference=staticmethod(expected_digits))
def count_digits(value: int | list[Any]) -> int:
    """Return the number of decimal digits of an int, or of the largest int in a (nested) list.

    The sign does not count and 0 has one digit. Raises ValueError for anything but ints, and for an
    empty list. Takes microseconds for a million digits: nothing is ever printed.
    """
    number = _largest(value)
    if number == 0:
        return 1
    logarithm = math.log10(number)
    power = round(logarithm)
    # The logarithm is good to 16 digits: only beside a power of ten can it miss the count.
    if abs(logarithm - power) > 1e-6:
        return math.floor(logarithm) + 1
    return power + 1 if number >= 10**power else power


def _largest(value: Any) -> int:
    members = list(numbers(value)) if isinstance(value, (list, tuple)) else [value]
    if not members:
        raise ValueError("expected at least one whole number, got an empty list")
    for member in members:
        if not isinstance(member, int) or isinstance(member, bool):
            raise ValueError(f"expected whole numbers, found {type(member).__name__}")
    largest: int = max(abs(member) for member in members)
    return largest


def expected_trace(matrix: Any) -> float:
    """Return the sum of the diagonal by exact fractions, rounded once."""
    square = _square(matrix)
    return _sum_of_floats([float(square[i, i]) for i in range(len(square))])


@app.task(name="canvas_module.tasks.trace", reference=staticmethod(expected_trace))
def trace_of_matrix(matrix: ArrayLike) -> float:
    """Return the trace of a square matrix (array or nested lists of reals), correctly rounded.

    Raises ValueError for any other shape and for values that are no real numbers.
    """
    return math.fsum(_square(matrix).diagonal().tolist())


def _square(matrix: Any) -> np.ndarray[Any, Any]:
    square = np.asarray(matrix)
    if square.dtype.kind not in "iuf":
        raise ValueError(f"expected a matrix of real numbers, got {square.dtype}")
    if square.ndim != 2 or square.shape[0] != square.shape[1]:
        raise ValueError(f"expected a square matrix, got the shape {square.shape}")
    return square


# ---- tasks that pass, wait and misbehave --------------------------------------------------------


def expected_identity(value: Any) -> Any:
    """Return the value."""
    return value


@app.task(name="canvas_module.tasks.identity", reference=staticmethod(expected_identity))
def identity(value: Any) -> Any:
    """Return the value."""
    return value


@app.task(name="canvas_module.tasks.sleep", reference=staticmethod(duration))
def sleep(seconds: float) -> float:
    """Wait that many seconds (cooperatively, in a gevent or eventlet pool) and return them.

    Raises ValueError unless it is a number from 0 to a day.
    """
    time.sleep(duration(seconds))
    return seconds


def expected_failure(message: str = "failed on purpose") -> None:
    """Raise what the task must raise."""
    raise ValueError(message)


@app.task(name="canvas_module.tasks.fail", reference=staticmethod(expected_failure))
def fail(message: str = "failed on purpose") -> None:
    """Raise ValueError(message)."""
    raise ValueError(message)


def expected_attempts(times: int) -> int:
    """Return the number of attempts after which the task succeeds."""
    return whole_number("times", times, at_least=0, at_most=MAX_FLAKY_TIMES) + 1


@app.task(bind=True, name="canvas_module.tasks.flaky", reference=staticmethod(expected_attempts))
def flaky(self: PrintableTask, times: int) -> int:
    """Fail ``times`` times, retrying each time; then return the number of attempts.

    Raises ValueError unless ``times`` is an int from 0 to 100.
    """
    whole_number("times", times, at_least=0, at_most=MAX_FLAKY_TIMES)
    failures = self.request.retries
    if failures < times:
        error = RuntimeError(f"failed on purpose, {failures + 1} of {times}")
        raise self.retry(exc=error, countdown=RETRY_COUNTDOWN_S, max_retries=times)
    return int(failures) + 1
