"""The Celery app of the examples in docs/client.md. Its worker: celery -A tasks_app worker"""

import time
from typing import Any

from celery import Celery, Task

app = Celery(
    "tasks_app",
    broker="redis://localhost:6379/0",  # CELERY_BROKER_URL in the environment wins
    backend="redis://localhost:6379/1",  # and so does CELERY_RESULT_BACKEND
)


@app.task
def add(x: int, y: int) -> int:
    return x + y


@app.task
def total(numbers: list[int]) -> int:
    return sum(numbers)


@app.task
def nap(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


@app.task
def refuse(why: str) -> None:
    raise ValueError(why)


@app.task(ignore_result=True)
def note(line: str) -> None:
    """Nobody waits for this one."""


@app.task(bind=True)
def trace_of(self: Task) -> Any:
    """What OpenTelemetry's instrumentation reads in the worker."""
    return self.request.get("traceparent")
