from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from orchestrator.scenario.fields import (
    AnyRate,
    Duration,
    Function,
    Name,
    PositiveDuration,
    QueueName,
    Rate,
    Size,
    TaskName,
    TypeName,
)


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        (Duration, "0s", 0.0),
        (PositiveDuration, "250ms", 0.25),
        (Rate, "30/m", 0.5),
        (AnyRate, "0/s", 0.0),
        (Size, "4KiB", 4096),
        (Name, "a-1_B", "a-1_B"),
        (Function, "a.b:c.d", "a.b:c.d"),
        (TypeName, "numpy.ndarray", "numpy.ndarray"),
        (QueueName, "a.b#*", "a.b#*"),
        (TaskName, "a.b", "a.b"),
    ],
)
def test_accepted(field: Any, text: str, value: Any) -> None:
    assert TypeAdapter(field).validate_python(text) == value


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        (Duration, 10, "write 10s"),
        (Duration, 1.5, "write 1.5s"),
        (Duration, True, "true is not possible here"),
        (Duration, None, "null is not possible here: write for example 10s"),
        (Duration, {}, "a mapping is not possible here"),
        (Duration, -5, "is not a duration"),
        (PositiveDuration, "0s", "more than 0 is needed"),
        (Rate, "0/s", "more than 0 is needed"),
        (Rate, 20, "write 20/s"),
        (Size, "1GB", "at most 512MiB"),
        (Name, "../x", "is not a name"),
        (Name, "a\n", "is not a name"),
        (Name, "", "is not a name"),
        (Function, "a.b", "write module:function"),
        (TypeName, "5", "is not the name of a type"),
        (QueueName, "a,b", "no commas"),
        (TaskName, "a b", "is not the name of a task"),
    ],
)
def test_refused(field: Any, value: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        TypeAdapter(field).validate_python(value)
