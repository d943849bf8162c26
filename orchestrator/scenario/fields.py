"""The kinds of values that several mappings of the scenario file take."""

import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from orchestrator.scenario.quantities import (
    DURATION_PATTERN,
    RATE_PATTERN,
    SIZE_PATTERN,
    duration_s,
    rate_per_s,
    shown,
    size_bytes,
)

MAX_SIZE_BYTES = 512 * 1024**2


def _quantity(parse: Callable[[str], float], example: str, *, positive: bool) -> BeforeValidator:
    def validate(value: Any) -> Any:
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = shown(value)
        if not isinstance(value, str):
            raise ValueError(f"{shown(value)} is not possible here: write for example {example}")
        number = parse(value)
        if positive and not number > 0:
            raise ValueError(f"{value} is too little: more than 0 is needed")
        return number

    return BeforeValidator(validate)


def _as_string(pattern: str, *examples: str) -> WithJsonSchema:
    return WithJsonSchema(
        {"type": "string", "pattern": pattern.replace("(?:", "("), "examples": list(examples)}
    )


def _redis_takes(size: int) -> int:
    if size > MAX_SIZE_BYTES:
        raise ValueError("too large: at most 512MiB")
    return size


Duration = Annotated[
    float,
    _quantity(duration_s, "10s", positive=False),
    _as_string(DURATION_PATTERN, "250ms", "10s", "1m30s"),
]
"""Seconds."""
PositiveDuration = Annotated[
    float,
    _quantity(duration_s, "10s", positive=True),
    _as_string(DURATION_PATTERN, "250ms", "10s", "1m30s"),
]
Rate = Annotated[
    float,
    _quantity(rate_per_s, "20/s", positive=True),
    _as_string(RATE_PATTERN, "200/s", "30/m"),
]
"""Per second."""
AnyRate = Annotated[
    float,
    _quantity(rate_per_s, "20/s", positive=False),
    _as_string(RATE_PATTERN, "200/s", "0/s"),
]
Size = Annotated[
    int,
    _quantity(size_bytes, "4KiB", positive=False),
    AfterValidator(_redis_takes),
    _as_string(SIZE_PATTERN, "10B", "4KiB"),
]
"""Bytes, at most as many as Redis takes in one string."""


def text_like(pattern: str, rule: str) -> Any:
    """A string of the given form; `rule` is the message for any other. For use in `Annotated`."""
    compiled = re.compile(pattern.replace("$", r"\Z"))

    def validate(value: str) -> str:
        if not compiled.match(value):
            raise ValueError(f"{shown(value)} {rule}")
        return value

    # The bound is checked first, or the pattern would run over a megabyte.
    return Field(max_length=1000, json_schema_extra={"pattern": pattern}), AfterValidator(validate)


_NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"
_NAME_BOUND, _NAME_CHECK = text_like(
    _NAME_PATTERN,
    "is not a name: letters, digits, - and _ (at most 64, the first a letter or digit)",
)
Name = Annotated[str, _NAME_BOUND, _NAME_CHECK]
"""The name of a pool or a workload: it becomes part of node and file names."""

_FUNCTION_BOUND, _FUNCTION_CHECK = text_like(
    r"^[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_.]*$",
    "is not a function: write module:function, for example tasks.references:product",
)
Function = Annotated[str, _FUNCTION_BOUND, _FUNCTION_CHECK]

_DOTTED_BOUND, _DOTTED_CHECK = text_like(
    r"^[A-Za-z_][A-Za-z0-9_.]*$", "is not the name of a type, for example int or ValueError"
)
TypeName = Annotated[str, _DOTTED_BOUND, _DOTTED_CHECK]

_QUEUE_BOUND, _QUEUE_CHECK = text_like(
    r"^[^\s,]{1,200}$", "is not the name of a queue: no blanks, no commas, at most 200 characters"
)
QueueName = Annotated[str, _QUEUE_BOUND, _QUEUE_CHECK]

_TASK_BOUND, _TASK_CHECK = text_like(
    r"^[^\s]{1,500}$", "is not the name of a task: write its registered name, or a last part of it"
)
TaskName = Annotated[str, _TASK_BOUND, _TASK_CHECK]
