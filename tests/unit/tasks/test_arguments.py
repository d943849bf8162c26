"""Bad arguments give a ValueError that names the argument and the rule."""

import math
from typing import Any

import pytest

from tasks.arguments import (
    duration,
    matrix_dimensions,
    max_factorial,
    max_matrix_cells,
    numbers,
    whole_number,
)

HUGE = math.factorial(5000)


def test_limits_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TASKS_MAX_FACTORIAL", raising=False)
    monkeypatch.delenv("TASKS_MAX_MATRIX_CELLS", raising=False)
    assert (max_factorial(), max_matrix_cells()) == (200_000, 4_000_000)
    monkeypatch.setenv("TASKS_MAX_FACTORIAL", "7")
    monkeypatch.setenv("TASKS_MAX_MATRIX_CELLS", "8")
    assert (max_factorial(), max_matrix_cells()) == (7, 8)


def test_a_limit_that_is_no_number_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKS_MAX_FACTORIAL", "many")
    with pytest.raises(ValueError, match="TASKS_MAX_FACTORIAL must be a whole number, got 'many'"):
        max_factorial()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (-1, "n must be at least 0, got -1"),
        (11, "n must be at most 10, got 11"),
        (True, "n must be a whole number, got bool"),
        (1.0, "n must be a whole number, got float"),
        ("1", "n must be a whole number, got str"),
        (None, "n must be a whole number, got NoneType"),
        pytest.param(HUGE, "n must be at most 10, got a number of 54233 bits", id="huge"),
        pytest.param(-HUGE, "n must be at least 0, got a number of 54233 bits", id="-huge"),
    ],
)
def test_whole_number(value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        whole_number("n", value, at_least=0, at_most=10)


@pytest.mark.parametrize("m, n", [(0, 1), (1, 0), (-1, 2), (1.5, 2), (True, 2), ("2", 2)])
def test_dimensions_must_be_positive_whole_numbers(m: Any, n: Any) -> None:
    with pytest.raises(ValueError, match=r"must be (at least 1|a whole number)"):
        matrix_dimensions(m, n)


@pytest.mark.parametrize("m, n", [(4, 1), (1, 10), (3, 4), pytest.param(HUGE, 1, id="huge")])
def test_matrices_may_not_grow_beyond_the_limit(
    m: int, n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASKS_MAX_MATRIX_CELLS", "9")
    assert matrix_dimensions(3, 3) == (3, 3)
    with pytest.raises(ValueError, match=r"more than the limit of 9 \(TASKS_MAX_MATRIX_CELLS\)"):
        matrix_dimensions(m, n)


@pytest.mark.parametrize("value", [-1, math.nan, math.inf, 86_401, True, "1", None, 10**400])
def test_bad_durations(value: Any) -> None:
    with pytest.raises(ValueError, match="seconds must be"):
        duration(value)


def test_numbers_flattens() -> None:
    assert list(numbers([1, [2.5, (3, [])], 4])) == [1, 2.5, 3, 4]


@pytest.mark.parametrize("values", [3, "12", [True], ["1"], [None], [[1, {}]]])
def test_numbers_refuses_the_rest(values: Any) -> None:
    with pytest.raises(ValueError, match="expected"):
        list(numbers(values))
