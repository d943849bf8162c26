import json
from typing import Any

import orjson
import pytest
from celery import Celery

from benchmarks.app import QUEUE
from benchmarks.records import WrongResult
from benchmarks.wire import (
    ADD,
    Sent,
    check_messages,
    check_results,
    check_sent,
    check_values,
    encoded_add,
)

IDS = ["a", "b", "c"]


def messages(ids: list[str]) -> list[bytes]:
    return [encoded_add(task_id, number) for number, task_id in enumerate(ids)]


def test_the_message_has_every_header_and_property_of_celerys_own() -> None:
    app = Celery("wire", set_as_current=False)
    own = app.amqp.as_task_v2("a", ADD, (0, 0), {})
    made: dict[str, Any] = orjson.loads(encoded_add("a", 0))
    assert set(own.headers) == set(made["headers"])
    assert set(own.properties) <= set(made["properties"])
    assert made["properties"]["delivery_info"] == {"exchange": "", "routing_key": QUEUE}


def test_what_was_sent_is_right_in_any_order() -> None:
    check_messages(list(reversed(messages(IDS))), IDS)


@pytest.mark.parametrize(
    ("found", "ids", "why"),
    [
        (messages(IDS)[:2], IDS, "1 of 3 messages are missing"),
        ([*messages(IDS), encoded_add("a", 0)], IDS, "there twice"),
        ([*messages(IDS), encoded_add("x", 0)], IDS, "'x', which was not sent"),
        (messages(["b", "a", "c"]), IDS, "does not ask for add"),
        (messages(IDS), ["a", "a", "b"], "1 task ids were given twice"),
    ],
)
def test_what_is_wrong_is_said(found: list[bytes], ids: list[str], why: str) -> None:
    with pytest.raises(WrongResult, match=why):
        check_messages(found, ids)


def test_a_delivery_tag_must_not_be_used_twice() -> None:
    first, second = (orjson.loads(raw) for raw in messages(["a", "b"]))
    second["properties"]["delivery_tag"] = first["properties"]["delivery_tag"]
    with pytest.raises(WrongResult, match="delivery tags"):
        check_messages([orjson.dumps(first), orjson.dumps(second)], ["a", "b"])


@pytest.mark.parametrize(
    "sent",
    [
        Sent({"id": "a", "task": "other"}, "a", [0, 0], {}),
        Sent({"id": "a", "task": ADD}, "b", [0, 0], {}),
        Sent({"id": "a", "task": ADD}, "a", [0, 1], {}),
        Sent({"id": "a", "task": ADD}, "a", [0, 0], {"x": 1}),
    ],
)
def test_name_arguments_and_correlation_count(sent: Sent) -> None:
    with pytest.raises(WrongResult, match="does not ask for"):
        check_sent([sent], ["a"])


def stored(value: Any, status: str = "SUCCESS") -> bytes:
    return json.dumps({"status": status, "result": value}).encode()


def test_stored_results() -> None:
    check_results([stored(0), stored(2)], ["a", "b"])


@pytest.mark.parametrize("second", [None, stored(3), stored(2, "FAILURE")])
def test_a_stored_result_that_is_wrong(second: bytes | None) -> None:
    with pytest.raises(WrongResult, match="task b"):
        check_results([stored(0), second], ["a", "b"])


def test_values() -> None:
    check_values([0, 2, 4])
    with pytest.raises(WrongResult, match=r"add\(1, 1\) gave 3"):
        check_values([0, 3])
