"""Ways to publish to RabbitMQ with confirms, and to consume from it, in an asyncio program.

    python -m benchmarks.amqp_roads amqp://guest:guest@localhost:5672//

Publishes 10,000 task messages (persistent, mandatory), waits until all are confirmed, and consumes
them again; each way in turn, five times. Prints the medians, per message, of the wall time and of
this process's CPU time. aiormq and aio-pika are measured where they are installed.
"""

import asyncio
import importlib
import importlib.util
import statistics
import sys
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import amqp
from amqp import spec
from celery import Celery
from kombu import connection

from orchestrator.client.amqp_connection import connect
from orchestrator.client.amqp_frames import Content
from orchestrator.client.amqp_messages import AmqpMessage, pieces
from orchestrator.client.amqp_recording import endpoints
from orchestrator.client.amqp_wire import arguments, encoded_properties

MESSAGES = 10_000
REPEATS = 5
QUEUE = "orchestrator-benchmark"
ID = "c0ffee00-0000-4000-8000-000000000001"
BODY = b'[[1, 2], {}, {"callbacks": null, "errbacks": null, "chain": null, "chord": null}]'
HEADERS: dict[str, Any] = {
    **{"lang": "py", "task": "tasks.add", "id": ID, "shadow": None, "eta": None, "expires": None},
    **{"group": ID, "group_index": 1, "retries": 0, "timelimit": [None, None], "root_id": ID},
    **{"parent_id": None, "argsrepr": "(1, 2)", "kwargsrepr": "{}", "origin": "gen1@host"},
    **{"ignore_result": False, "replaced_task_nesting": 0, "stamped_headers": None, "stamps": {}},
}
PROPERTIES: dict[str, Any] = {
    **{"content_type": "application/json", "content_encoding": "utf-8", "delivery_mode": 2},
    **{"priority": 0, "correlation_id": ID, "reply_to": ID},
}

_Connection: Any = connection.Connection  # kombu is typed only in part

Road = Callable[[str], Coroutine[Any, Any, tuple["Spent", "Spent"]]]


class Spent:
    """Wall and CPU time of one step, in microseconds per message."""

    def __init__(self) -> None:
        self._wall_s, self._cpu_s = time.perf_counter(), time.process_time()

    def stop(self) -> "Spent":
        self.wall_us = (time.perf_counter() - self._wall_s) / MESSAGES * 1e6
        self.cpu_us = (time.process_time() - self._cpu_s) / MESSAGES * 1e6
        return self


async def frames(url: str) -> tuple[Spent, Spent]:
    """The client's own road: frames on an asyncio protocol."""
    [endpoint] = endpoints(Celery(set_as_current=False), _Connection(url))
    opened = await connect(endpoint.address())
    channel = await opened.channel()
    await channel.confirm()
    flags = (False, True, False, False, False)
    await channel.call(spec.Queue.Declare, arguments("BsbbbbbF", 0, QUEUE, *flags, {}))
    publishing = Spent()
    properties = PROPERTIES | {"application_headers": HEADERS}
    messages = (
        AmqpMessage("", QUEUE, encoded_properties(properties), BODY, ID, mandatory=True)
        for _ in range(MESSAGES)
    )
    written = [
        channel.publish(piece.task_ids, piece.data)
        for piece in pieces(messages, channel.number, opened.frame_max)
    ]
    for batch in written:
        await batch.settled
    publishing.stop()
    done, left = asyncio.Event(), MESSAGES

    def take(content: Content) -> None:
        nonlocal left
        content.properties()
        left -= 1
        if not left:
            done.set()

    consuming = Spent()
    await channel.consume(QUEUE, take, done.set)
    await done.wait()
    consuming.stop()
    await opened.close(within_s=1)
    return publishing, consuming


async def thread(url: str) -> tuple[Spent, Spent]:
    """py-amqp, as kombu has it, in a thread."""
    return await asyncio.to_thread(_in_thread, url)


def _in_thread(url: str) -> tuple[Spent, Spent]:
    with _Connection(url) as opened:
        channel = opened.channel()
        channel.confirm_select()
        channel.queue_declare(QUEUE, durable=True, auto_delete=False)
        left = MESSAGES
        confirmed = 0

        def on_ack(number: int, multiple: bool) -> None:
            nonlocal confirmed
            confirmed = number if multiple else confirmed + 1

        def take(message: Any) -> None:
            nonlocal left
            left -= 1

        channel.events["basic_ack"].add(on_ack)
        publishing = Spent()
        for _ in range(MESSAGES):
            message = amqp.Message(BODY, application_headers=HEADERS, **PROPERTIES)
            channel.basic_publish(message, "", QUEUE, mandatory=True)
        while confirmed < MESSAGES:
            opened.drain_events()
        publishing.stop()
        consuming = Spent()
        channel.basic_consume(QUEUE, no_ack=True, callback=take)
        while left:
            opened.drain_events()
        return publishing, consuming.stop()


async def aiormq(url: str) -> tuple[Spent, Spent]:
    """aiormq, 500 confirmations awaited at a time."""
    library: Any = importlib.import_module("aiormq")
    opened = await library.connect(url)
    channel = await opened.channel(publisher_confirms=True)
    await channel.queue_declare(QUEUE, durable=True)
    publishing = Spent()
    for _ in range(MESSAGES // 500):
        properties = library.spec.Basic.Properties(headers=HEADERS, **PROPERTIES)
        sent = [
            channel.basic_publish(BODY, routing_key=QUEUE, properties=properties, mandatory=True)
            for _ in range(500)
        ]
        await asyncio.gather(*sent)
    publishing.stop()
    done, left = asyncio.Event(), MESSAGES

    async def take(message: Any) -> None:
        nonlocal left
        left -= 1
        if not left:
            done.set()

    consuming = Spent()
    await channel.basic_consume(QUEUE, take, no_ack=True)
    await done.wait()
    consuming.stop()
    await opened.close()
    return publishing, consuming


async def aio_pika(url: str) -> tuple[Spent, Spent]:
    """aio-pika, 500 confirmations awaited at a time."""
    library: Any = importlib.import_module("aio_pika")
    opened = await library.connect(url)
    channel = await opened.channel(publisher_confirms=True)
    queue = await channel.declare_queue(QUEUE, durable=True)
    publishing = Spent()
    for _ in range(MESSAGES // 500):
        sent = [
            channel.default_exchange.publish(
                library.Message(BODY, headers=HEADERS, **PROPERTIES), QUEUE, mandatory=True
            )
            for _ in range(500)
        ]
        await asyncio.gather(*sent)
    publishing.stop()
    done, left = asyncio.Event(), MESSAGES

    async def take(message: Any) -> None:
        nonlocal left
        left -= 1
        if not left:
            done.set()

    consuming = Spent()
    await queue.consume(take, no_ack=True)
    await done.wait()
    consuming.stop()
    await opened.close()
    return publishing, consuming


ROADS: Mapping[str, tuple[str | None, Road]] = {
    "frames of our own": (None, frames),
    "py-amqp in a thread": (None, thread),
    "aiormq": ("aiormq", aiormq),
    "aio-pika": ("aio_pika", aio_pika),
}


def main(url: str) -> None:
    roads = {
        name: road
        for name, (library, road) in ROADS.items()
        if library is None or importlib.util.find_spec(library) is not None
    }
    spent: dict[str, list[tuple[Spent, Spent]]] = {name: [] for name in roads}
    for _ in range(REPEATS):
        for name, road in roads.items():
            spent[name].append(asyncio.run(road(url)))
    print(f"{'us per message':22}{'publish: wall':>15}{'CPU':>8}{'consume: wall':>16}{'CPU':>8}")
    for name, samples in spent.items():
        walls = [statistics.median(sample[step].wall_us for sample in samples) for step in (0, 1)]
        cpus = [statistics.median(sample[step].cpu_us for sample in samples) for step in (0, 1)]
        print(f"{name:22}{walls[0]:15.1f}{cpus[0]:8.1f}{walls[1]:16.1f}{cpus[1]:8.1f}")


if __name__ == "__main__":
    main(sys.argv[1])
