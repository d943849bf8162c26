"""Arguments and results whose text cannot be made do not stop a message or a task."""

import math
from typing import Any

import numpy as np
import pytest
from celery.app.amqp import AMQP

from tasks.app import app
from tasks.serializer import dumps, loads

HUGE = math.factorial(20_000)


def message_headers(args: Any, kwargs: Any) -> dict[str, Any]:
    message = app.amqp.create_task_message("some-id", "add_module.tasks.add", args, kwargs)
    return dict(message.headers)


@pytest.mark.parametrize("args", [(4, 6), None, [], ("a", [1, {"b": 2}])])
def test_ordinary_messages_are_celerys_own(args: Any) -> None:
    stock = AMQP(app).as_task_v2("some-id", "add_module.tasks.add", args, {"k": 1})
    assert app.amqp.as_task_v2("some-id", "add_module.tasks.add", args, {"k": 1}) == stock


def test_a_message_with_a_long_number_carries_the_number() -> None:
    message = app.amqp.create_task_message("some-id", "t", (HUGE,), {}, None, None)
    assert loads(dumps(message.body))[0] == [HUGE]


def test_a_given_text_is_kept() -> None:
    message = app.amqp.create_task_message("some-id", "t", (1,), {}, argsrepr="(secret)")
    assert message.headers["argsrepr"] == "(secret)"


def test_long_numbers_and_arrays_in_arguments() -> None:
    headers = message_headers((HUGE, np.ones((30, 30))), {"n": [HUGE]})
    assert headers["argsrepr"].endswith("bits>, <float64 array of shape (30, 30)>)")
    assert headers["kwargsrepr"].endswith("bits>]}")


@pytest.mark.parametrize("value", [HUGE, [HUGE, {"n": HUGE}]], ids=["number", "nested"])
def test_a_task_may_return_a_long_number(value: Any) -> None:
    result = app.tasks["canvas_module.tasks.identity"].apply((value,))
    assert result.state == "SUCCESS"
    assert result.get() == value


def test_a_direct_call_returns_what_the_function_returns() -> None:
    assert type(app.tasks["canvas_module.tasks.identity"](HUGE)) is int


def test_tasks_without_a_reference_say_so() -> None:
    assert app.tasks["celery.chord"].reference is None
