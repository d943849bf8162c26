import decimal
import math
from collections import OrderedDict
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.judge.equality import close, equal

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)

FLOAT32 = np.array([0.1], dtype=np.float32)


class Raising:
    def __eq__(self, other: object) -> bool:
        raise RuntimeError("cannot be compared")


class AnyMatrix:
    """A matcher such as a task without a seed has for its reference."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, np.ndarray) and bool(np.isfinite(other).all())


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        (10, 10),
        ([10**5000], [10**5000]),
        (0.1 + 0.2, 0.3),
        (math.nan, math.nan),
        (math.inf, math.inf),
        (1 + 2j, 1 + 2j * (1 + 1e-12)),
        ((1, 2), [1, 2]),
        ([(1, (2,))], [[1, [2]]]),
        ({"a": (1.0,)}, {"a": [1.0 + 1e-12]}),
        (OrderedDict(a=1), {"a": 1}),
        ({1, 2}, {2, 1}),
        (None, None),
        (b"x", b"x"),
        (decimal.Decimal("1.10"), decimal.Decimal("1.1")),
        (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)),
        (np.int64(3), 3),
        (3, np.int64(3)),
        (np.float64(0.3), 0.1 + 0.2),
        (np.arange(6).reshape(2, 3), np.arange(6, dtype=np.int32).reshape(2, 3)),
        (np.array([1.0, np.nan, np.inf]), np.array([1.0 + 1e-12, np.nan, np.inf])),
        (
            np.array([0.1], dtype=np.float32),
            np.array([0.1], dtype=np.float32) * np.float32(1 + 2e-7),
        ),
        (np.array([[1.5, 2.5]]), [[1.5, 2.5]]),
        ([[1.5, 2.5]], np.array([[1.5, 2.5]])),
        (np.zeros((0, 3)), np.zeros((0, 3))),
        (np.array([1, None], dtype=object), np.array([1, None], dtype=object)),
        (np.array(["a", "b"]), np.array(["a", "b"])),
        (AnyMatrix(), np.ones((2, 2))),
        ([AnyMatrix(), 1], [np.ones((2, 2)), 1]),
        (pytest.approx(1.0, abs=0.1), 1.05),
        ({"x": pytest.approx([1.0, 2.0])}, {"x": [1.0, 2.0 + 1e-9]}),
    ],
)
def test_equal(expected: object, actual: object) -> None:
    assert equal(expected, actual)


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        (10, 11),
        ([10**5000], [10**5000 + 1]),
        (1, True),
        (True, 1),
        (0, False),
        (10, 10.0),
        (10.0, 10),
        (1.0, 1.0 + 1e-6),
        (0.0, 1e-300),
        (math.inf, -math.inf),
        (math.inf, 1e308),
        (math.nan, 0.0),
        ([1, 2], [1, 2, 3]),
        ([1, 2], [2, 1]),
        ([1], 1),
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": 1}, {"b": 1}),
        ({1: 2}, {"1": 2}),
        ({"a": 1}, [("a", 1)]),
        ("1", 1),
        ("x", b"x"),
        (None, 0),
        (10**400, 1.0),
        (np.zeros((2, 3)), np.zeros((3, 2))),
        (np.zeros(3), np.zeros(3, dtype=int)),
        (np.ones(3), np.ones(3) * (1 + 1e-6)),
        (np.array([1e10, 1.0]), np.array([1e10, 2.0])),
        (np.array([1, 2]), np.array([1, 3])),
        (np.zeros(2), "zeros"),
        (AnyMatrix(), np.array([np.nan])),
        (Raising(), 1),
        ([Raising()], [1]),
        (object(), object()),
    ],
)
def test_not_equal(expected: object, actual: object) -> None:
    assert not equal(expected, actual)


def test_a_value_that_is_nested_too_deep_is_not_equal_and_does_not_raise() -> None:
    assert not equal(nested(100_000), nested(100_000))


def test_a_container_that_holds_itself_does_not_raise() -> None:
    loop: list[Any] = []
    loop.append(loop)
    other: list[Any] = []
    other.append(other)
    assert not equal(loop, other)


@given(JSON)
def test_a_value_equals_itself_and_its_copy_as_tuples(value: Any) -> None:
    assert equal(value, value)
    if isinstance(value, list):
        assert equal(tuple(value), value)


@given(JSON, JSON)
def test_never_raises_and_a_wrapped_pair_says_the_same(left: Any, right: Any) -> None:
    assert equal([left], [right]) == equal(left, right) == equal({"k": left}, {"k": right})


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=1e-300, max_value=1e300))
def test_floats_agree_within_the_relative_tolerance(value: float) -> None:
    assert equal(value, value * (1 + 1e-10))
    assert not equal(value, value * (1 + 1e-8))
    assert equal(value, value * (1 + 1e-8), rel=1e-7)


@pytest.mark.parametrize(
    ("expected", "actual", "verdict"),
    [
        (2, 2.0, True),
        (1.5, 1.5001, False),
        ([1, 2.0], [1.0, 2], True),
        ([1], [1, 2], False),
        (True, 1, False),
        (math.inf, 10**400, False),
        (1.0, 10**400, False),
        (np.float64(2), 2, True),
    ],
)
def test_close_goes_by_value_alone(expected: object, actual: object, verdict: bool) -> None:
    assert close(expected, actual) is verdict
