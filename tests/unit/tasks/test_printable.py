"""A printable value equals the value, and its text never fails and stays short."""

import math
from typing import Any

import numpy as np
import pytest
from celery.utils.saferepr import saferepr

from tasks.printable import SHOWN_ITEMS, LongInt, printable

HUGE = math.factorial(20_000)


@pytest.mark.parametrize(
    "value", [1, "a", None, 2.5, [1, [2]], (1, 2), [], (), "x" * 5000, list(range(3000))]
)
def test_what_prints_well_is_left_alone(value: Any) -> None:
    assert printable(value) is value


@pytest.mark.parametrize(
    "value",
    [HUGE, -HUGE, [HUGE], (1, HUGE), {"n": HUGE}, [[HUGE], {"n": (HUGE,)}]],
    ids=["int", "negative", "list", "tuple", "dict", "nested"],
)
def test_long_numbers_get_a_text_and_stay_equal(value: Any) -> None:
    with pytest.raises(ValueError, match="digits"):
        repr(value)
    shown = printable(value)
    assert shown == value
    assert type(shown) in (type(value), LongInt)
    assert "bits>" in saferepr(shown, 1024)


def test_a_long_number_that_can_be_printed_is_printed() -> None:
    number = math.factorial(1000)
    assert str(printable(number)) == str(number)
    assert f"{printable(number)}" == str(number)


def test_an_array_shows_its_shape_in_its_repr_only() -> None:
    array = np.ones((20, 20))
    shown = printable([array])[0]
    assert repr(shown) == "<float64 array of shape (20, 20)>"
    assert str(shown) == str(array)
    assert np.array_equal(shown, array)


def test_only_what_could_be_shown_is_looked_at() -> None:
    values = [HUGE, *range(SHOWN_ITEMS), HUGE]
    shown = printable(values)
    assert shown == values
    assert isinstance(shown[0], LongInt)
    assert type(shown[-1]) is int
    assert saferepr(shown, 1024)
