from collections.abc import Callable
from typing import Any

from orchestrator.records import (
    Call,
    Expect,
    PoolPlan,
    TargetPlan,
    Threshold,
    WorkloadPlan,
)

TEXT = """
version: 1
name: full
description: all of it
seed: 7
app: tasks.app:app
target: {broker: "redis://:secret@h:1/0", settings: {task_acks_late: true, redis_password: pw}}
workers:
  w: {queues: [add], pool: threads, concurrency: 4, count: 2, env: {A_TOKEN: t}}
workloads:
  a:
    executor: constant-arrival-rate
    rate: 10/s
    duration: 5s
    canvas: {task: add, expect: {value: 1}}
    aggregate: sum
    tags: {tier: gold}
thresholds:
  "run{queue:add}":
    - "p(95)<1s"
    - {threshold: "avg<5", abort_on_fail: true, delay_abort_eval: 2s, window: 5s}
warmup: 1s
"""


def test_everything_is_in_the_plan(load_text: Callable[..., Any]) -> None:
    plan = load_text(TEXT)
    settings = {"task_acks_late": True, "redis_password": "pw"}
    assert (plan.name, plan.app, plan.seed, plan.warmup_s) == ("full", "tasks.app:app", 7, 1.0)
    assert plan.target == TargetPlan("redis://:secret@h:1/0", "auto", settings)
    assert plan.pools == (
        PoolPlan("w", ("add",), "threads", concurrency=4, count=2, env={"A_TOKEN": "t"}),
    )
    assert plan.workloads == (
        WorkloadPlan(
            "a",
            "constant-arrival-rate",
            Call("add", expect=Expect("value", 1)),
            rate_per_s=10.0,
            duration_s=5.0,
            max_in_flight=1000,
            aggregate="sum",
            tags={"tier": "gold"},
        ),
    )
    tags = {"queue": "add"}
    assert plan.thresholds == (
        Threshold("run", tags, "p(95)<1s", "p", 95.0, "<", 1000.0),
        Threshold("run", tags, "avg<5", "avg", None, "<", 5.0, True, 2.0, 5.0),
    )


def test_the_source_is_as_run_and_holds_no_secret(load_text: Callable[..., Any]) -> None:
    source = load_text(TEXT, overrides=["seed=8"]).source
    assert source["seed"] == 8
    assert source["target"]["broker"] == "redis://:***@h:1/0"
    assert source["target"]["settings"] == {"task_acks_late": True, "redis_password": "***"}
    assert source["workers"]["w"]["env"] == {"A_TOKEN": "***"}
