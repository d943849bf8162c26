from typing import Any

import pytest

from benchmarks.profile import costs_of, costs_of_files, scale_of

INNER = ("/venv/lib/site-packages/celery/app/amqp.py", 370, "as_task_v2")
OUTER = ("/src/orchestrator/client/capture.py", 94, "capture")
BUILT_IN = ("~", 0, "<built-in method len>")

STATS: dict[Any, Any] = {
    OUTER: (10, 10, 0.001, 0.004, {}),
    INNER: (20, 20, 0.002, 0.003, {OUTER: (20, 20, 0.002, 0.003)}),
    BUILT_IN: (30, 30, 0.001, 0.001, {INNER: (30, 30, 0.001, 0.001)}),
}


def test_functions_per_task_and_scaled() -> None:
    costs = {cost.where: cost for cost in costs_of(STATS, tasks=10, scale=0.5)}
    assert set(costs) == {
        "orchestrator/client/capture.py:94 capture",
        "celery/app/amqp.py:370 as_task_v2",
        "<built-in method len>",
    }
    inner = costs["celery/app/amqp.py:370 as_task_v2"]
    assert inner.calls_per_task == 2.0
    assert inner.own_us == pytest.approx(100.0)
    assert inner.with_callees_us == pytest.approx(150.0)


def test_files_get_what_the_built_in_functions_that_they_call_cost() -> None:
    costs = {cost.where: cost.own_us for cost in costs_of_files(STATS, tasks=10, scale=1.0)}
    assert costs == {
        "orchestrator/client/capture.py": pytest.approx(100.0),
        "celery/app/amqp.py": pytest.approx(300.0),
    }


def test_own_times_add_up_to_the_time_without_a_profiler_and_waiting_is_left_out() -> None:
    waiting = ("~", 0, "<method 'poll' of 'select.epoll' objects>")
    stats = {**STATS, waiting: (1, 1, 9.0, 9.0, {})}
    assert scale_of(stats, cpu_s=0.002) == pytest.approx(0.5)
