"""The canvas tasks agree with their references, and refuse what they cannot take."""

import math
import sys
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.canvas_module import (
    count_digits,
    fail,
    flaky,
    identity,
    sleep,
    sum_of_numbers,
    trace_of_matrix,
)

floats = st.floats(-1e300, 1e300)
nested = st.recursive(
    st.integers(-(2**100), 2**100) | floats, lambda inner: st.lists(inner, max_size=5)
).map(lambda value: value if isinstance(value, list) else [value])


@given(nested)
@settings(deadline=None)
def test_sum_agrees_with_its_reference(values: list[Any]) -> None:
    assert sum_of_numbers(values) == sum_of_numbers.reference(values)


def test_sum_is_exact() -> None:
    huge = math.factorial(3000)
    assert sum_of_numbers([huge, [1, (2,)]]) == huge + 3
    assert sum_of_numbers([0.1] * 10) == 1.0
    assert sum_of_numbers([1e16, 1.0, -1e16]) == 1.0
    assert sum_of_numbers([]) == 0
    assert sum_of_numbers([math.inf, 1.0]) == sum_of_numbers.reference([math.inf, 1.0]) == math.inf


@pytest.mark.parametrize("values", [3, "123", ["1"], [True], [None], [[1, {}]]])
def test_sum_refuses_other_values(values: Any) -> None:
    for function in (sum_of_numbers, sum_of_numbers.reference):
        with pytest.raises(ValueError, match="expected"):
            function(values)


@given(st.integers() | st.integers(0, 300).flatmap(lambda p: st.integers(10**p - 1, 10**p + 1)))
@settings(deadline=None)
def test_digits_agrees_with_its_reference_and_with_the_text(number: int) -> None:
    assert count_digits(number) == len(str(abs(number))) == count_digits.reference(number)


@pytest.mark.parametrize("power", [4299, 4300, 20_000, 77_337])
def test_digits_beside_powers_of_ten_beyond_the_limit_on_digits(power: int) -> None:
    assert sys.get_int_max_str_digits() == 4300
    assert count_digits(10**power - 1) == power
    assert count_digits(10**power) == power + 1
    assert count_digits(-(10**power) - 1) == power + 1


def test_digits_of_a_list_are_those_of_its_largest() -> None:
    factorials = [math.factorial(n) for n in (100, 20_000, 3)]
    assert count_digits(factorials) == count_digits.reference(factorials) == 77_338
    assert count_digits([[1], [-1000, 5]]) == 4


@pytest.mark.parametrize("value", [1.5, "12", None, True, [], [1, 2.0], [True], [[]]])
def test_digits_refuses_other_values(value: Any) -> None:
    for function in (count_digits, count_digits.reference):
        with pytest.raises(ValueError, match="expected"):
            function(value)


@given(st.integers(1, 8).flatmap(lambda n: st.lists(floats, min_size=n * n, max_size=n * n)))
@settings(deadline=None)
def test_trace_agrees_with_its_reference(cells: list[float]) -> None:
    side = math.isqrt(len(cells))
    matrix = np.array(cells).reshape(side, side)
    assert trace_of_matrix(matrix) == trace_of_matrix.reference(matrix)
    assert trace_of_matrix(matrix.tolist()) == trace_of_matrix(matrix)
    assert type(trace_of_matrix(matrix)) is float


@pytest.mark.parametrize(
    "matrix",
    [1.0, [1.0], [[1, 2]], [[1, 2], [3]], np.ones((2, 2, 2)), [["a"]], [[1j]], [[2**70]], [[True]]],
)
def test_trace_refuses_other_shapes_and_values(matrix: Any) -> None:
    for function in (trace_of_matrix, trace_of_matrix.reference):
        with pytest.raises(ValueError, match=r"expected|inhomogeneous"):
            function(matrix)


@pytest.mark.parametrize("value", [None, 3, "x", [1, {"a": 2}]])
def test_identity(value: Any) -> None:
    assert identity(value) == identity.reference(value) == value


def test_sleep_waits_and_returns_the_seconds() -> None:
    before = time.monotonic()
    assert sleep(seconds=0.05) == sleep.reference(seconds=0.05) == 0.05
    assert 0.05 <= time.monotonic() - before < 5


@pytest.mark.parametrize("seconds", [-0.1, math.nan, "1", True])
def test_sleep_refuses_other_values(seconds: Any) -> None:
    for function in (sleep, sleep.reference):
        with pytest.raises(ValueError, match="seconds must be"):
            function(seconds)


@pytest.mark.parametrize("function", [fail, fail.reference])
def test_fail_raises(function: Any) -> None:
    with pytest.raises(ValueError, match="failed on purpose"):
        function()
    with pytest.raises(ValueError, match=r"^no$"):
        function(message="no")


@pytest.mark.parametrize("times", [0, 1, 3])
def test_flaky_fails_and_then_succeeds(times: int) -> None:
    assert flaky.apply((times,)).get() == flaky.reference(times) == times + 1


def test_flaky_called_directly_raises_its_error() -> None:
    with pytest.raises(RuntimeError, match="failed on purpose, 1 of 2"):
        flaky(2)


@pytest.mark.parametrize("times", [-1, 101, 1.0, True, "1"])
def test_flaky_refuses_other_values(times: Any) -> None:
    for function in (flaky, flaky.reference):
        with pytest.raises(ValueError, match="times must be"):
            function(times)
