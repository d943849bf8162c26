import base64
import json
import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.report.json_values import ARRAY_CAP, json_safe


class Level(IntEnum):
    HIGH = 3


class Colour(Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (10, 10),
        (True, True),
        (None, None),
        (1.5, 1.5),
        ("é\ud800", "é\ud800"),
        (Level.HIGH, 3),
        (2**53, 2**53),
        (2**53 + 1, {"int": "9007199254740993"}),
        (-(2**64), {"int": "-18446744073709551616"}),
        (math.nan, {"float": "nan"}),
        (-math.inf, {"float": "-inf"}),
        (np.float64(1.5), 1.5),
        (np.int64(7), 7),
        (np.bool_(True), True),
        ((1, [2, {3}]), [1, [2, [3]]]),
        ({1: "a", None: "b"}, {"1": "a", "None": "b"}),
        (b"\x00\xff", {"bytes": base64.b64encode(b"\x00\xff").decode()}),
        (Decimal("1.10"), "1.10"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02 00:00:00+00:00"),
        (timedelta(seconds=1), "0:00:01"),
        (np.array([[1, 2]]), {"array": [[1, 2]], "dtype": "int64", "shape": [1, 2]}),
        (
            np.array([math.nan, 1.0]),
            {"array": [{"float": "nan"}, 1.0], "dtype": "float64", "shape": [2]},
        ),
    ],
)
def test_json_safe(value: Any, expected: Any) -> None:
    assert json_safe(value) == expected


@pytest.mark.parametrize(
    "value",
    [math.factorial(1558), math.factorial(20_000), -(10**4300)],
    ids=["4298 digits", "77338 digits", "negative"],
)
def test_integers_of_any_size_come_back_exact(value: int) -> None:
    text = json.loads(json.dumps(json_safe(value)))["int"]
    assert int(text, 0) == value


def test_a_large_array_is_its_digest() -> None:
    safe = json_safe(np.zeros(ARRAY_CAP + 1))
    assert set(safe) == {"digest", "dtype", "shape"}
    assert len(safe["digest"]) == 64


def test_anything_else_is_its_repr_in_short() -> None:
    assert json_safe(Colour.RED) == {"repr": "<Colour.RED: 'red'>"}
    assert len(json_safe(object())["repr"]) < 200


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.integers() | st.text(), inner),
    )
)
def test_whatever_goes_in_json_comes_out(value: Any) -> None:
    text = json.dumps(json_safe(value), allow_nan=False)
    text.encode()
    assert json.loads(text) == json_safe(value)
