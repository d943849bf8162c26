"""The serializer gives back what it was given, exactly, and refuses what it cannot carry."""

import enum
import json
import math
import sys
import uuid
from collections import namedtuple
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from celery import chord, group
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from kombu.exceptions import DecodeError, EncodeError
from kombu.serialization import registry
from kombu.utils import json as untyped_json

from tasks.app import app
from tasks.serializer import CONTENT_TYPE, NAME, dumps, loads

kombu_json: Any = untyped_json
kombu_dumps: Any = registry.dumps
kombu_loads: Any = registry.loads

DTYPES = [
    "?", "<i1", "<u2", ">i4", "<i8", "<u8", "<f2", "<f4", "<f8", ">f8", "<c8", ">c16",
    "<M8[ns]", ">M8[D]", "<m8[us]", "S3", "<U4", ">U2",
]  # fmt: skip

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.datetimes(timezones=st.just(UTC))
    | st.decimals(allow_nan=False)
    | st.uuids()
)
keys = st.text() | st.sampled_from(["__type__", "__value__"])
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=20,
)
look_alikes = st.fixed_dictionaries({"__type__": scalars, "__value__": values})
arrays = st.sampled_from(DTYPES).flatmap(
    lambda dtype: st_numpy.arrays(np.dtype(dtype), st_numpy.array_shapes(min_dims=0, min_side=0))
)


def same_array(one: np.ndarray[Any, Any], other: Any) -> bool:
    return (
        type(other) is np.ndarray
        and one.dtype == other.dtype
        and one.shape == other.shape
        and one.tobytes() == other.tobytes()
    )


@given(values | look_alikes)
@settings(deadline=None)
def test_plain_values_survive(value: Any) -> None:
    assert loads(dumps(value)) == value


@given(values)
@settings(deadline=None)
def test_the_text_is_strict_json(value: Any) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    json.loads(dumps([value, math.nan, math.inf]), parse_constant=refuse)


@given(st.integers(min_value=0, max_value=200_000), st.integers(-3, 3), st.booleans())
@settings(deadline=None, max_examples=50)
def test_whole_numbers_of_any_size(bits: int, offset: int, negative: bool) -> None:
    number = ((1 << bits) + offset) * (-1 if negative else 1)
    result = loads(dumps({"result": [number]}))["result"][0]
    assert result == number
    assert type(result) is int


@pytest.mark.parametrize("number", [2**63 - 1, 2**63, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1])
def test_the_edges_of_64_bits(number: int) -> None:
    assert loads(dumps(number)) == number


def test_a_long_number_needs_no_change_of_the_limit_on_digits() -> None:
    number = math.factorial(20_000)
    assert sys.get_int_max_str_digits() == 4300
    assert loads(dumps(number)) == number


@given(arrays)
@settings(deadline=None)
def test_arrays_come_back_with_dtype_shape_and_bits(array: np.ndarray[Any, Any]) -> None:
    assert same_array(array, loads(dumps(array)))


@pytest.mark.parametrize(
    "array",
    [
        np.array(3.5),
        np.empty((0, 3)),
        np.arange(24).reshape(2, 3, 4)[:, ::2, ::-1],
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(4, dtype=">i4"),
        np.array([np.nan, np.inf, -np.inf, -0.0]),
        np.broadcast_to(np.int16(7), (3, 2)),
    ],
    ids=["0-d", "empty", "non-contiguous", "fortran", "big-endian", "not-finite", "broadcast"],
)
def test_arrays_of_every_layout(array: np.ndarray[Any, Any]) -> None:
    back = loads(dumps(array))
    assert same_array(array, back)
    assert back.flags.writeable


def test_an_array_travels_as_its_little_endian_buffer() -> None:
    described = json.loads(dumps(np.array([1], dtype=">i4")))["__value__"]
    assert described == {"dtype": ">i4", "shape": [1], "data": "AQAAAA=="}


@pytest.mark.parametrize(
    "scalar",
    [np.int64(-3), np.float64(0.1), np.float32(0.1), np.bool_(True), np.complex64(1 + 2j),
     np.str_("ä"), np.datetime64("2026-11-22T22:22:22")],
    ids=lambda scalar: type(scalar).__name__,
)  # fmt: skip
def test_numpy_scalars_keep_their_type(scalar: Any) -> None:
    back = loads(dumps({"trace": scalar}))["trace"]
    assert back == scalar
    assert type(back) is type(scalar)


@pytest.mark.parametrize(
    "value",
    [
        np.array([object()]),
        np.array([2**70]),
        np.zeros(2, dtype=[("a", "i4")]),
        np.zeros(1, dtype="V4"),
        np.zeros(1, dtype=np.longdouble),
        np.ma.masked_array([1, 2], mask=[True, False]),
    ],
    ids=["object", "long-ints", "structured", "void", "longdouble", "masked"],
)
def test_arrays_that_cannot_travel_are_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="cannot be sent"):
        dumps(value)


@pytest.mark.parametrize("value", [object(), {1, 2}, 1j, print])
def test_other_objects_are_refused_as_json_does(value: Any) -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        dumps(value)
    with pytest.raises(EncodeError):
        kombu_dumps(value, serializer=NAME)


def test_not_finite_floats() -> None:
    back = loads(dumps([math.nan, math.inf, -math.inf]))
    assert math.isnan(back[0])
    assert back[1:] == [math.inf, -math.inf]


class Colour(enum.StrEnum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Kelvin(float):
    pass


class Reduced:
    def __json__(self) -> dict[str, Any]:
        return {"size": 2**70, "cells": np.arange(2)}


Point = namedtuple("Point", "x y")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Point(1, 2), [1, 2]),
        (Colour.RED, "red"),
        (Level.HIGH, 3),
        (Kelvin(1.5), 1.5),
        (
            {1: "a", None: "b", 2.5: "c", False: "d"},
            {"1": "a", "null": "b", "2.5": "c", "false": "d"},
        ),
        ("\ud800", "\ud800"),
        (b"\xff\x00", b"\xff\x00"),
        (date(2026, 11, 22), date(2026, 11, 22)),
        (time(1, 2, 3), time(1, 2, 3)),
        (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)),
        (Decimal("1.50"), Decimal("1.50")),
        (uuid.UUID(int=7), uuid.UUID(int=7)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_rest_is_as_kombus_json_has_it(value: Any, expected: Any) -> None:
    back = loads(dumps(value))
    assert back == expected
    assert back == kombu_json.loads(kombu_json.dumps(value))
    assert type(back) is type(expected)


def test_a_json_method_may_return_numbers_and_arrays() -> None:
    back = loads(dumps(Reduced()))
    assert back["size"] == 2**70
    assert same_array(np.arange(2), back["cells"])


@given(values)
@settings(deadline=None)
def test_kombus_json_can_be_read_too(value: Any) -> None:
    try:
        text = kombu_json.dumps(value)
        expected = kombu_json.loads(text)
    except (TypeError, ValueError):
        return  # a mapping that looks like a tag: kombu itself cannot read it back
    assert loads(text) == expected


def test_deep_nesting() -> None:
    deep: list[Any] = []
    for _ in range(300):
        deep = [deep]
    assert loads(dumps(deep)) == deep


@pytest.mark.parametrize("kind", [str, bytes, bytearray, memoryview])
def test_text_may_come_in_any_buffer(kind: Any) -> None:
    payload = dumps({"x": "ü"})
    assert loads(payload.decode() if kind is str else kind(payload)) == {"x": "ü"}


@pytest.mark.parametrize(
    "described",
    [
        {"dtype": "O", "shape": [1], "data": "AAAAAAAAAAA="},
        {"dtype": "i4,i4", "shape": [1], "data": "AAAAAAAAAAA="},
        {"dtype": "<i4", "shape": [3], "data": "AAAAAA=="},
        {"dtype": "<i4", "shape": [-1], "data": "AAAAAA=="},
        {"dtype": "<i4", "shape": [1], "data": "!"},
        {"dtype": "no such", "shape": [1], "data": ""},
    ],
)
def test_a_forged_array_is_refused(described: dict[str, Any]) -> None:
    text = json.dumps({"__type__": "numjson.array", "__value__": described})
    with pytest.raises(DecodeError):
        kombu_loads(text, CONTENT_TYPE, "utf-8", accept={CONTENT_TYPE})


def test_signatures_pass_through() -> None:
    add = app.tasks["add_module.tasks.add"]
    canvas = chord(group(add.s(1, 2**100), add.s(2, 2)), app.tasks["canvas_module.tasks.sum"].s())
    back = loads(dumps(canvas))
    assert back == kombu_json.loads(kombu_json.dumps(canvas))
    assert isinstance(app.signature(back), chord)


def test_what_a_result_backend_stores_passes_through() -> None:
    backend = app.backend
    failure = backend.prepare_exception(ValueError("no", math.factorial(3000)))
    meta = backend.decode_result(backend.encode({"status": "FAILURE", "result": failure}))
    assert meta["result"].args == ("no", math.factorial(3000))
    assert isinstance(meta["result"], ValueError)
