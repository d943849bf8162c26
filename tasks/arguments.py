"""What arguments the tasks accept; a bad one is a ValueError, in the task and its reference."""

import os
from collections.abc import Iterator
from typing import Any

MAX_FACTORIAL = 200_000
MAX_MATRIX_CELLS = 4_000_000
MAX_SLEEP_S = 86_400


def max_factorial() -> int:
    """The greatest n of ``factorial``: the environment's TASKS_MAX_FACTORIAL, or 200,000."""
    return _limit("TASKS_MAX_FACTORIAL", MAX_FACTORIAL)


def max_matrix_cells() -> int:
    """The most cells of a matrix: the environment's TASKS_MAX_MATRIX_CELLS, or 4,000,000."""
    return _limit("TASKS_MAX_MATRIX_CELLS", MAX_MATRIX_CELLS)


def _limit(variable: str, default: int) -> int:
    text = os.environ.get(variable, "")
    if not text:
        return default
    if not text.isdecimal():
        raise ValueError(f"{variable} must be a whole number, got {text!r}")
    return int(text)


def whole_number(name: str, value: Any, *, at_least: int, at_most: int | None = None) -> int:
    """Return ``value``. Raises ValueError unless it is an int (not a bool) within the bounds."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{name} must be a whole number, got {type(value).__name__}")
    if value < at_least:
        raise ValueError(f"{name} must be at least {at_least}, got {_shown(value)}")
    if at_most is not None and value > at_most:
        raise ValueError(f"{name} must be at most {at_most}, got {_shown(value)}")
    return value


def matrix_dimensions(m: Any, n: Any) -> tuple[int, int]:
    """Return (m, n). Raises ValueError if one is no positive int or a matrix would be too large."""
    rows = whole_number("m", m, at_least=1)
    columns = whole_number("n", n, at_least=1)
    cells, limit = rows * max(rows, columns), max_matrix_cells()
    if cells > limit:
        raise ValueError(
            f"matrices of {_shown(rows)} x {_shown(columns)} have {_shown(cells)} cells, "
            f"more than the limit of {limit} (TASKS_MAX_MATRIX_CELLS)"
        )
    return rows, columns


def duration(seconds: Any) -> float:
    """Return ``seconds``. Raises ValueError unless it is a number from 0 to a day."""
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise ValueError(f"seconds must be a number, got {type(seconds).__name__}")
    if not 0 <= seconds <= MAX_SLEEP_S:
        raise ValueError(f"seconds must be from 0 to {MAX_SLEEP_S}")
    return seconds


def numbers(values: Any) -> Iterator[int | float]:
    """Yield the numbers of a (nested) list, in order. Raises ValueError for anything else."""
    if not isinstance(values, (list, tuple)):
        raise ValueError(f"expected a list of numbers, got {type(values).__name__}")
    for value in values:
        if isinstance(value, (list, tuple)):
            yield from numbers(value)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            yield value
        else:
            raise ValueError(f"expected numbers in the list, found {type(value).__name__}")


def _shown(number: int) -> str:
    # Printing a long number may itself fail (CPython's limit on digits).
    return str(number) if number.bit_length() <= 64 else f"a number of {number.bit_length()} bits"
