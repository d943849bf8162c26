import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.judge.canonical import digest, encode

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@dataclass(frozen=True)
class Point:
    x: int
    y: list[int]


class Plain:
    def __init__(self, x: int) -> None:
        self.x = x


@given(VALUES, VALUES)
def test_equal_forms_are_equal_values(left: Any, right: Any) -> None:
    if encode(left) == encode(right):
        assert repr(left) == repr(right) or left == right


def test_distinct_values_have_distinct_forms() -> None:
    values: list[Any] = [
        None, True, False, 0, 1, -1, 0.0, -0.0, 1.0, "", "1", b"", b"1", [], {}, set(),
        [1], [[1]], [1, 2], [12], ["a", "b"], ["ab"], {"a": 1}, {"a": [1]}, {1: "a"}, ["a", 1],
        10**5000, 10**5000 + 1, float("nan"), float("inf"), np.zeros(2), np.zeros((1, 2)),
        np.zeros(2, dtype=int), np.zeros(2, dtype=np.float32), Decimal(1), date(2026, 1, 1),
        datetime(2026, 1, 1, tzinfo=UTC), UUID(int=1), Point(1, [2]), Point(1, [3]),
        Plain(1), Plain(2),
    ]  # fmt: skip
    assert len({encode(value) for value in values}) == len(values)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((1, (2, 3)), [1, [2, 3]]),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({3, 1, 2}, {2, 3, 1}),
        (np.float64(1.5), 1.5),
        (np.int32(7), 7),
        (float("nan"), -float("nan")),
        (np.arange(6).reshape(2, 3), np.arange(6).reshape(3, 2).T.copy().T.reshape(2, 3)),
        (np.arange(4, dtype="<i8"), np.arange(4, dtype=">i8")),
        (np.arange(9).reshape(3, 3).T, np.arange(9).reshape(3, 3).T.copy()),
        (Plain(5), Plain(5)),
        (Point(1, [2]), Point(1, [2])),
    ],
)
def test_the_same_value_in_another_shape(left: Any, right: Any) -> None:
    assert encode(left) == encode(right)


def test_an_array_of_objects() -> None:
    array = np.array([1, None, "x"], dtype=object)
    assert encode(array) == encode(array.copy())
    assert encode(array) != encode(np.array([1, None, "y"], dtype=object))


def test_a_digest_is_the_same_in_another_process() -> None:
    value = {"b": [1, 2.5, "x"], "a": {3, 1, 2}, "c": 10**5000}
    code = (
        "from orchestrator.judge.canonical import digest;"
        "print(digest({'b': [1, 2.5, 'x'], 'a': {3, 1, 2}, 'c': 10**5000}))"
    )
    other = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert other.stdout.strip() == digest(value)


def test_lone_surrogates_have_a_form() -> None:
    assert encode("\ud800") != encode("\ud801")
