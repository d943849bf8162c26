from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from orchestrator.scenario.arguments import Argument, argument_value
from orchestrator.scenario.generators import Bytes, Choice, FloatRange, Index, IntRange, Text


def _value(data: Any) -> Any:
    return argument_value(TypeAdapter[Any](Argument).validate_python(data))


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (5, 5),
        (None, None),
        ("x", "x"),
        (10**100, 10**100),
        ([1, ["a", {"index": 3}]], [1, ["a", Index(3)]]),
        ({"int": [0, 5]}, IntRange(0, 5)),
        ({"int": [5, 5]}, IntRange(5, 5)),
        ({"float": [0, 1.5]}, FloatRange(0, 1.5)),
        ({"choice": [1, [2], {"literal": {"a": 1}}]}, Choice((1, [2], {"a": 1}))),
        ({"text": 20}, Text(20)),
        ({"bytes": "4KiB"}, Bytes(4096)),
        ({"literal": {"int": [1, 2]}}, {"int": [1, 2]}),
        ({"literal": None}, None),
    ],
)
def test_arguments(data: Any, value: Any) -> None:
    assert _value(data) == value


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            {"a": 1},
            r"'a' is not a generator.*a mapping as an argument is written \{literal: \{...\}\}",
        ),
        ({"intt": [1, 2]}, r"did you mean 'int'\?"),
        ({}, "a generator has one key of int, float"),
        ({"int": [1, 2], "float": [1, 2]}, "a generator has one key"),
        ({"int": [2, 1]}, r"the range is empty: 2 is more than 1; write \[1, 2\]"),
        ({"int": [1]}, "at least 2 needed"),
        ({"int": [1, 2, 3]}, "at most 2 are taken"),
        ({"int": [1.5, 2]}, "a whole number is needed"),
        ({"int": 5}, "a list is needed"),
        ({"float": ["a", 2]}, "a number is needed"),
        ({"choice": []}, "at least 1 needed"),
        ({"choice": [{"index": 1}]}, "an index inside a choice"),
        ({"choice": [[{"index": 1}]]}, "an index inside a choice"),
        ({"text": -1}, "at least 0"),
        ({"bytes": 5}, "write 5B"),
        ([[{"b": 1}]], "not a generator"),
    ],
)
def test_refused(data: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        _value(data)
