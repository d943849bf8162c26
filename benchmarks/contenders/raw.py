"""A bare socket: the limit. Messages are encoded before the clock starts, results only counted."""

import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import count as counter
from itertools import islice
from uuid import uuid4

from benchmarks.app import QUEUE
from benchmarks.contenders import Repeat
from benchmarks.meter import metered
from benchmarks.raw_redis import RawRedis, broker_url, packed, results_url
from benchmarks.records import Sample, WrongResult
from benchmarks.wire import RESULT_PREFIX, encoded_add

PUSH = 500
"""Messages per LPUSH, as many as the client puts into one."""


@asynccontextmanager
async def publish() -> AsyncIterator[Repeat]:
    """Variadic LPUSH of messages that were encoded before."""
    redis = RawRedis(broker_url())

    async def repeat(count: int) -> Sample:
        ids = [str(uuid4()) for _ in range(count)]
        messages = [encoded_add(task_id, number) for number, task_id in enumerate(ids)]
        with metered() as spent:
            pushes = list(_pushes(messages))
            redis.send(b"".join(pushes))
            redis.receive(len(pushes))
        return Sample(count, spent.wall_s, spent.cpu_s, ids=ids)

    try:
        yield repeat
    finally:
        redis.close()


@asynccontextmanager
async def publish_and_await() -> AsyncIterator[Repeat]:
    """The same, and as many messages of results received; nothing is decoded."""
    redis, listener = RawRedis(broker_url()), RawRedis(results_url())

    async def repeat(count: int) -> Sample:
        run = str(uuid4())[:24]
        ids = [f"{run}{number:012x}" for number in range(count)]
        messages = [encoded_add(task_id, number) for number, task_id in enumerate(ids)]
        listener.execute("PSUBSCRIBE", f"{RESULT_PREFIX}{run}*")
        with metered() as spent:
            pushes = list(_pushes(messages))
            redis.send(b"".join(pushes))
            redis.receive(len(pushes))
            received = listener.receive(count)
        listener.execute("PUNSUBSCRIBE")
        _check_channels(received, ids)
        return Sample(count, spent.wall_s, spent.cpu_s, ids=ids)

    try:
        yield repeat
    finally:
        redis.close()
        listener.close()


@asynccontextmanager
async def one_at_a_time() -> AsyncIterator[Repeat]:
    """A message, its result, the next message."""
    redis, listener = RawRedis(broker_url()), RawRedis(results_url())
    run, numbers = str(uuid4())[:24], counter()
    listener.execute("PSUBSCRIBE", f"{RESULT_PREFIX}{run}*")

    async def repeat(count: int) -> Sample:
        ids = [f"{run}{number:012x}" for number in islice(numbers, count)]
        messages = [encoded_add(task_id, number) for number, task_id in enumerate(ids)]
        laps, received = [], []
        with metered() as spent:
            for message in messages:
                begun = time.perf_counter()
                redis.send(packed("LPUSH", QUEUE, message))
                received += listener.receive(1)
                laps.append(time.perf_counter() - begun)
                redis.receive(1)
        _check_channels(received, ids)
        return Sample(count, spent.wall_s, spent.cpu_s, laps_s=laps)

    try:
        yield repeat
    finally:
        redis.close()
        listener.close()


def _pushes(messages: Sequence[bytes]) -> Iterator[bytes]:
    for at in range(0, len(messages), PUSH):
        yield packed("LPUSH", QUEUE, *messages[at : at + PUSH])


def _check_channels(received: Sequence[list[bytes]], ids: Sequence[str]) -> None:
    channels = {push[2].decode().removeprefix(RESULT_PREFIX) for push in received}
    if channels != set(ids):
        raise WrongResult("a bare socket received other results than those it sent tasks for")
