import math
import random
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import UsageError
from orchestrator.judge.aggregate import COLLECT_CAP, CollectFold, Fold

FLOATS = st.floats(allow_nan=False, allow_infinity=False)


def no_function(name: str) -> Any:
    raise AssertionError(f"no function was asked for: {name}")


def folded(aggregate: str, *values: Any) -> Any:
    fold = Fold.named(aggregate, no_function)
    for iteration, value in enumerate(values):
        fold.add(iteration, value)
    return fold.value


@pytest.mark.parametrize(
    ("aggregate", "values", "expected"),
    [
        ("sum", [1, 2, 3], 6),
        ("sum", [[1, 2], [3, [4]]], 10),
        ("sum", [10**400, 1], 10**400 + 1),
        ("sum", [0.1] * 10, 1.0),
        ("sum", [1, 0.5], 1.5),
        ("sum", [True, True, False], 2),
        ("sum", [np.array([[1, 2], [3, 4]]), 5], 15),
        ("sum", [np.array([2**62, 2**62, 2**62])], 3 * 2**62),
        ("sum", [np.float64(1.5), np.int64(2)], 3.5),
        ("sum", [Fraction(1, 3), Fraction(2, 3)], 1.0),
        ("sum", [Decimal("0.25"), 1], 1.25),
        ("sum", [1e308, 1e308, -1e308], 1e308),
        ("sum", [10**400, 0.5], math.inf),
        ("sum", [math.inf, 1.0], math.inf),
        ("sum", [Decimal("Infinity"), 1], math.inf),
        ("sum", [], None),
        ("sum", [[]], None),
        ("mean", [1, 2, 3, 4], 2.5),
        ("mean", [[1, 2], [6]], 3.0),
        ("mean", [10**400, 10**400 + 3], 10**400 + 1),
        ("mean", [np.array([1.0, 2.0]), 3.0], 2.0),
        ("mean", [], None),
        ("min", [3, 1, 2], 1),
        ("max", [3, 10**400, 2.5], 10**400),
        ("max", [[1, 7], [3]], 7),
        ("min", [np.array([2.0, 1.0])], 1.0),
        ("max", [], None),
        ("count", [], 0),
        ("count", [1, [2, 3], "x", {"a": 1}, None], 6),
        ("count", [np.zeros((2, 3))], 6),
        ("last", [1, 2, 3], 3),
        ("last", [], None),
        ("collect", [3, [1, 2], "x"], [3, [1, 2], "x"]),
        ("collect", [], None),
        ("digest", [], None),
    ],
)
def test_known_folds(aggregate: str, values: list[Any], expected: Any) -> None:
    value = folded(aggregate, *values)
    assert value == expected
    assert type(value) is type(expected)


@given(st.lists(FLOATS, min_size=1, max_size=60), st.randoms(use_true_random=False))
def test_a_sum_of_floats_is_rounded_once_in_any_order(
    values: list[float], rng: random.Random
) -> None:
    exact = sum(map(Fraction, values), Fraction())
    shuffled = rng.sample(values, len(values))
    total = folded("sum", *values)
    assert total == folded("sum", *shuffled)
    if abs(exact) < Fraction(10) ** 308:
        assert total == float(exact)


def test_nan_is_not_lost() -> None:
    assert math.isnan(folded("sum", 1.0, math.nan, 2.0))
    assert math.isnan(folded("sum", math.inf, -math.inf))
    for order in ([math.nan, 1.0, 2.0], [1.0, math.nan, 2.0], [1.0, 2.0, math.nan]):
        assert math.isnan(folded("min", *order))
        assert math.isnan(folded("max", *order))


@pytest.mark.parametrize("aggregate", ["sum", "mean", "min", "max"])
def test_a_value_that_is_no_number_is_named(aggregate: str) -> None:
    with pytest.raises(UsageError, match=f"{aggregate} takes numbers, iteration 1 gave 'abc'"):
        folded(aggregate, 1, "abc")
    with pytest.raises(UsageError, match="gave None"):
        folded(aggregate, None)


def test_last_goes_by_the_iteration_and_not_by_the_arrival() -> None:
    fold = Fold.named("last", no_function)
    for iteration in (0, 5, 2):
        fold.add(iteration, f"value {iteration}")
    assert fold.value == "value 5"


def test_collect_goes_by_the_iteration_and_says_its_cap() -> None:
    fold = CollectFold(cap=3)
    for iteration in (4, 0, 3, 1, 2):
        fold.add(iteration, {"i": iteration})
    expected = {"first": [{"i": 0}, {"i": 1}, {"i": 2}], "cap": 3, "count": 5}
    assert fold.value == expected


def test_collect_is_bounded() -> None:
    value = folded("collect", *range(COLLECT_CAP + 1))
    assert (len(value["first"]), value["cap"], value["count"]) == (1000, 1000, 1001)


@given(st.lists(st.integers() | st.text() | st.floats(), min_size=1, max_size=20))
def test_a_digest_depends_on_the_pairs_and_not_on_their_order(values: list[Any]) -> None:
    pairs = list(enumerate(values))
    forward, backward = Fold.named("digest", no_function), Fold.named("digest", no_function)
    for iteration, value in pairs:
        forward.add(iteration, value)
    for iteration, value in reversed(pairs):
        backward.add(iteration, value)
    assert forward.value == backward.value
    backward.add(len(values), values[0])
    assert forward.value != backward.value


def test_a_digest_tells_iterations_apart() -> None:
    assert folded("digest", 1, 2) != folded("digest", 2, 1)
    assert len(folded("digest", 10**5000, np.zeros(3))) == 64


# ---- module:function ----


def longest(best: str | None, value: str) -> str:
    return value if best is None or len(value) > len(best) else best


def broken(best: Any, value: Any) -> Any:
    raise KeyError("oh")


def test_a_function_of_the_users_own() -> None:
    fold = Fold.named("module:longest", {"module:longest": longest}.__getitem__)
    assert fold.value is None
    for iteration, value in enumerate(["a", "abc", "ab"]):
        fold.add(iteration, value)
    assert fold.value == "abc"


def test_a_function_that_raises_is_the_users_mistake_and_is_named() -> None:
    fold = Fold.named("module:broken", {"module:broken": broken}.__getitem__)
    with pytest.raises(UsageError, match=r"module:broken raised KeyError: 'oh' at iteration 7"):
        fold.add(7, "x")
