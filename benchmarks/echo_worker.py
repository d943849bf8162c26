"""A worker that costs next to nothing, so that what is measured is the client.

It takes messages from the queue by the hundreds, adds the two arguments and answers as Celery's
Redis backend does (`SETEX` and `PUBLISH` of the result's meta, `celery/backends/redis.py`), all in
one write. It is no Celery worker: it acknowledges nothing, and knows one task.

Run as `python -m benchmarks.echo_worker [HOLD]`. With HOLD it first takes that many tasks without
answering, says so by setting the key `HELD_KEY`, and goes on when something is pushed to
`RELEASE_KEY`.
"""

import base64
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import orjson

from benchmarks.app import QUEUE
from benchmarks.raw_redis import RawRedis, broker_url, results_url
from benchmarks.wire import RESULT_PREFIX

AT_A_TIME = 500
HELD_KEY = "benchmarks:held"
RELEASE_KEY = "benchmarks:release"

_KEY = RESULT_PREFIX.encode()
_ANSWER = (
    b"*4\r\n$5\r\nSETEX\r\n$%d\r\n%b\r\n$5\r\n86400\r\n$%d\r\n%b\r\n"
    b"*3\r\n$7\r\nPUBLISH\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n"
)

Task = tuple[bytes, bytes, int]
"""Id, what its group adds to the meta, and the result."""


def main(argv: list[str]) -> None:
    broker, results = RawRedis(broker_url()), RawRedis(results_url())
    results.send(b"*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$3\r\nOFF\r\n")
    taken = _taken(broker)
    if argv:
        _hold(int(argv[0]), taken, broker, results)
    for messages in taken:
        results.send(answers(map(read_task, messages)))


def _taken(broker: RawRedis) -> Iterator[list[bytes]]:
    """What is in the queue, for ever; waits when it is empty."""
    while True:
        messages = broker.execute("RPOP", QUEUE, AT_A_TIME)
        if messages is None:
            waited = broker.execute("BRPOP", QUEUE, 10)
            messages = waited[1:] if waited else []
        yield messages


def _hold(count: int, taken: Iterator[list[bytes]], broker: RawRedis, results: RawRedis) -> None:
    held: list[Task] = []
    while len(held) < count:
        held += map(read_task, next(taken))
    broker.execute("SET", HELD_KEY, len(held))
    while not broker.execute("BRPOP", RELEASE_KEY, 10):
        """Wait for the laboratory."""
    for at in range(0, len(held), AT_A_TIME):
        results.send(answers(held[at : at + AT_A_TIME]))


def read_task(raw: bytes) -> Task:
    """A message of `benchmarks.add`."""
    message: dict[str, Any] = orjson.loads(raw)
    headers = message["headers"]
    (x, y), _, _ = orjson.loads(base64.b64decode(message["body"]))
    group = headers["group"]
    of_group = b"" if group is None else b'"group_id": "%b", ' % group.encode()
    return headers["id"].encode(), of_group, x + y


def answers(tasks: Iterable[Task]) -> bytes:
    """The commands that store and announce the results."""
    now = datetime.now(UTC).isoformat().encode()
    packed = []
    for task_id, of_group, value in tasks:
        meta = (
            b'{"status": "SUCCESS", "result": %d, "traceback": null, "children": [], '
            b'"date_done": "%b", %b"task_id": "%b"}' % (value, now, of_group, task_id)
        )
        key = _KEY + task_id
        sizes = len(key), len(meta)
        packed.append(_ANSWER % (sizes[0], key, sizes[1], meta, sizes[0], key, sizes[1], meta))
    return b"".join(packed)


if __name__ == "__main__":
    main(sys.argv[1:])
