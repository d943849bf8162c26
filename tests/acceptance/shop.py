"""A project of a user's, for the tests of the pytest plugin: app, scenario, configuration."""

import pytest

SHOP = """\
from celery import Celery
app = Celery("shop", broker="memory://", set_as_current=False)
app.conf.task_always_eager = True    # as the rest of a test suite may want it
app.conf.task_routes = {"shop.slow": {"queue": "slow"}}
@app.task
def add(x, y): return x + y
@app.task
def total(numbers): return sum(numbers)
@app.task
def boom(): raise ValueError("out of stock")
@app.task
def slow(x): return x
@app.task
def die():
    import os; os._exit(3)
"""

SCENARIO = """\
version: 1
name: shop
app: shop:app
workers:
  all: {queues: [celery, slow], pool: threads, concurrency: 2}
workloads:
  sums:
    executor: shared-iterations
    iterations: 5
    canvas: {task: add, args: [{index: 1}, 1], expect: {type: int}}
    aggregate: sum
thresholds:
  task_duration: ["p(95)<20s"]
"""

INI = """\
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
timeout = 60
filterwarnings = error
"""


def make_shop(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makepyfile(shop=SHOP)
    pytester.path.joinpath("shop.yaml").write_text(SCENARIO)
    pytester.makeini(INI)
    return pytester


def run(shop: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return shop.runpytest_subprocess("-p", "no:cacheprovider", *arguments, timeout=120)
