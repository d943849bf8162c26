"""The Celery app of the benchmarks: plain JSON tasks, Celery's own defaults.

Where its broker and its results are comes from Celery's own environment variables
(CELERY_BROKER_URL and CELERY_RESULT_BACKEND), for the workers and for every contender alike.
"""

from celery import Celery

QUEUE = "bench"

app = Celery("benchmarks", set_as_current=False)
app.conf.update(task_default_queue=QUEUE, broker_connection_retry_on_startup=True)


@app.task(name="benchmarks.add", shared=False)
def add(x: int, y: int) -> int:
    return x + y


@app.task(name="benchmarks.total", shared=False)
def total(numbers: list[int]) -> int:
    return sum(numbers)
