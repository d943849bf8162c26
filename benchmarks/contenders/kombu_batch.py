"""The quickest that kombu itself offers: Celery's messages in `Producer.batch(500)`.

Without canvas, routing of each task, and the SUBSCRIBE per result of `apply_async`: about half of
what `add.apply_async(producer=producer)` costs in such a batch.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from benchmarks.app import add, app
from benchmarks.contenders import Repeat
from benchmarks.meter import metered
from benchmarks.records import Sample

BATCH = 500


@asynccontextmanager
async def publish() -> AsyncIterator[Repeat]:
    """The messages of as many tasks; nobody answers."""

    async def repeat(count: int) -> Sample:
        ids = [str(uuid4()) for _ in range(count)]
        amqp = app.amqp
        with metered() as spent, app.producer_or_acquire() as producer, producer.batch(BATCH):
            for number, task_id in enumerate(ids):
                message = amqp.as_task_v2(task_id, add.name, (number, number), {})
                amqp.send_task_message(producer, add.name, message, retry=False)
        return Sample(count, spent.wall_s, spent.cpu_s, ids=ids)

    with app:
        yield repeat
