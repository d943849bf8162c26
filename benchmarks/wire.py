"""Celery's messages and results as bytes: made without Celery, and read back to check them.

The format is that of message protocol 2 on kombu's Redis transport (`celery/app/amqp.py`,
`kombu/transport/virtual/base.py`).
"""

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import orjson

from benchmarks.app import QUEUE
from benchmarks.records import WrongResult

ADD = "benchmarks.add"
RESULT_PREFIX = "celery-task-meta-"


def encoded_add(task_id: str, number: int) -> bytes:
    """The message that asks for ``number + number``."""
    body = orjson.dumps(
        [
            [number, number],
            {},
            {"callbacks": None, "errbacks": None, "chain": None, "chord": None},
        ]
    )
    headers: dict[str, Any] = {
        "lang": "py",
        "task": ADD,
        "id": task_id,
        "shadow": None,
        "eta": None,
        "expires": None,
        "group": None,
        "group_index": None,
        "retries": 0,
        "timelimit": [None, None],
        "root_id": task_id,
        "parent_id": None,
        "argsrepr": f"({number}, {number})",
        "kwargsrepr": "{}",
        "origin": "gen1@benchmarks",
        "ignore_result": False,
        "replaced_task_nesting": 0,
        "stamped_headers": None,
        "stamps": {},
    }
    properties = {
        "correlation_id": task_id,
        "reply_to": "",
        "delivery_mode": 2,
        "delivery_info": {"exchange": "", "routing_key": QUEUE},
        "priority": 0,
        "body_encoding": "base64",
        "delivery_tag": str(uuid4()),
    }
    return orjson.dumps(
        {
            "body": base64.b64encode(body).decode(),
            "content-encoding": "utf-8",
            "content-type": "application/json",
            "headers": headers,
            "properties": properties,
        }
    )


@dataclass(frozen=True, slots=True)
class Sent:
    """A message as a worker would read it."""

    headers: Mapping[str, Any]
    correlation_id: str
    arguments: Sequence[Any]
    named: Mapping[str, Any]


def check_messages(messages: Sequence[bytes], ids: Sequence[str]) -> None:
    """What a Redis queue holds: as `check_sent`, and each delivery tag is the only one.

    Raises `WrongResult`.
    """
    decoded = [orjson.loads(raw) for raw in messages]
    check_sent(map(_sent, decoded), ids)
    if len({message["properties"]["delivery_tag"] for message in decoded}) != len(ids):
        raise WrongResult("delivery tags were used twice")


def check_sent(sent: Iterable[Sent], ids: Sequence[str]) -> None:
    """Each id once, with its own arguments, and nothing else. Raises `WrongResult`."""
    expected = {task_id: number for number, task_id in enumerate(ids)}
    if len(expected) != len(ids):
        raise WrongResult(f"{len(ids) - len(expected)} task ids were given twice")
    for message in sent:
        task_id = message.headers["id"]
        number = expected.pop(task_id, None)
        if number is None:
            raise WrongResult(f"a message for {task_id!r}, which was not sent, or is there twice")
        if not _asks_for(message, number):
            raise WrongResult(f"{message} does not ask for add({number}, {number})")
    if expected:
        raise WrongResult(f"{len(expected)} of {len(ids)} messages are missing")


def _sent(message: Mapping[str, Any]) -> Sent:
    arguments, named, _ = orjson.loads(base64.b64decode(message["body"]))
    return Sent(message["headers"], message["properties"]["correlation_id"], arguments, named)


def _asks_for(message: Sent, number: int) -> bool:
    return (
        list(message.arguments) == [number, number]
        and not message.named
        and message.headers["task"] == ADD
        and message.correlation_id == message.headers["id"]
    )


def check_results(results: Iterable[bytes | None], ids: Sequence[str]) -> None:
    """The stored results of ``add(n, n)``, n counting up. Raises `WrongResult`."""
    for number, (task_id, raw) in enumerate(zip(ids, results, strict=True)):
        meta = {} if raw is None else orjson.loads(raw)
        if (meta.get("status"), meta.get("result")) != ("SUCCESS", 2 * number):
            raise WrongResult(f"task {task_id}: the stored result is {meta}, not {2 * number}")


def check_values(values: Sequence[Any]) -> None:
    """The values of ``add(n, n)``, n counting up, as a client gives them. Raises `WrongResult`."""
    for number, value in enumerate(values):
        if value != 2 * number:
            raise WrongResult(f"add({number}, {number}) gave {value!r}")
