"""The Celery app of the client's integration tests: stock Celery, configured by the environment.

The worker and the tests import it separately; what a test module sets comes in as JSON in
``CLIENT_APP_SETTINGS``.
"""

import json
import os
import time
from typing import Any

from celery import Celery, Task
from kombu import entity

Exchange: Any = entity.Exchange  # kombu is typed only in part
Queue: Any = entity.Queue

app = Celery("client_app", set_as_current=False)
app.conf.update(
    broker_connection_retry_on_startup=True,
    worker_prefetch_multiplier=8,
    task_queues=[
        Queue("celery"),
        Queue("other"),
        Queue("topical", Exchange("news", type="topic"), routing_key="news.#"),
        Queue("straight", Exchange("letters", type="direct"), routing_key="letter"),
    ],
)
app.conf.update(json.loads(os.environ.get("CLIENT_APP_SETTINGS", "{}")))


class Odd(Exception):
    """An exception of the user's own."""


@app.task
def add(x: int, y: int = 0) -> int:
    return x + y


@app.task
def total(numbers: list[int]) -> int:
    return sum(numbers)


@app.task
def identity(value: Any) -> Any:
    return value


@app.task
def pair(value: Any, other: Any) -> list[Any]:
    return [value, other]


@app.task
def fail(message: str = "no", *_: Any) -> None:
    raise ValueError(message)


@app.task
def fail_oddly() -> None:
    raise Odd("very", 7)


@app.task
def fail_unimportably() -> None:
    cls = type("Homeless", (Exception,), {"__module__": "no.such.module"})
    raise cls("gone")


@app.task
def nap(seconds: float, value: Any = None) -> Any:
    time.sleep(seconds)
    return value


@app.task(bind=True, max_retries=5)
def third_time_lucky(self: Task) -> int:
    if self.request.retries < 2:
        raise self.retry(countdown=0.05)
    return int(self.request.retries)


@app.task(ignore_result=True)
def forgettable(x: int) -> int:
    return x


@app.task
def remember(value: Any, key: str) -> None:
    """Leave a trace that a test can wait for."""
    app.backend.client.rpush(key, str(value))


@app.task
def remember_failure(request: Any, exc: Any, traceback: Any, key: str) -> None:
    app.backend.client.rpush(key, str(exc))


@app.task(bind=True)
def priority_of(self: Task) -> Any:
    return self.request.delivery_info["priority"]


@app.task(bind=True)
def expand(self: Task, n: int) -> Any:
    from celery import group

    raise self.replace(group(add.s(i, i) for i in range(n)) | total.s())
