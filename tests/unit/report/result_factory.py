"""A whole `RunResult` for the reports' tests, made by the real judge out of made-up outcomes."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from orchestrator.judge.aggregate import Fold
from orchestrator.judge.exit_code import exit_code
from orchestrator.judge.judge import Evidence, judge
from orchestrator.records import (
    BrokerInfo,
    Call,
    CanvasOutcome,
    FaultPlan,
    FaultReport,
    Outcome,
    Plan,
    PoolReport,
    RunResult,
    Sample,
    TargetPlan,
    Threshold,
    WorkloadPlan,
)

MS = 1_000_000
S = 1_000_000_000
PASSWORD = "hunter2"


def make_task(number: int = 0, **changes: Any) -> Outcome:
    intended_ns = S + number * 10 * MS
    points = ("sent_ns", "published_ns", "received_ns", "started_ns", "finished_ns", "seen_ns")
    gaps = (1, 2, 4, 7, 20 + number % 13, 25 + number % 17)
    fields: dict[str, Any] = {
        "id": f"0f3c9a51-1d2e-4f00-8a00-{number:012x}",
        "task": "add_module.tasks.add",
        "queue": "add",
        "pool": "add",
        "worker": "add-1@host",
        "workload": "sums",
        "iteration": number,
        "tags": {},
        "direct": True,
        "intended_ns": intended_ns,
        **{name: intended_ns + gap * MS for name, gap in zip(points, gaps, strict=True)},
        "state": "SUCCESS",
        "executions": 1,
        "retries": 0,
        "results": 1,
        "matched": True,
        "late": False,
        "ignored": False,
        "measured": True,
    }
    return Outcome(**{**fields, **changes})


def make_plan(**changes: Any) -> Plan:
    url = f"redis://:{PASSWORD}@localhost:6379/0"
    fields: dict[str, Any] = {
        "name": "mixed",
        "app": "tasks.app:app",
        "seed": 7,
        "target": TargetPlan(broker=url),
        "pools": (),
        "workloads": (
            WorkloadPlan("sums", "constant-arrival-rate", Call("add"), aggregate="sum"),
            WorkloadPlan("factorials", "shared-iterations", Call("factorial"), aggregate="max"),
        ),
        "thresholds": (
            threshold("verified", "rate==1", "rate", "==", 1.0),
            threshold("tasks_lost", "count==0", "count", "==", 0),
            threshold("task_duration", "p(95)<500ms", "p", "<", 500.0, tags={"task": "add"}),
            threshold("throughput", "rate>50/s", "rate", ">", 50.0),
        ),
        "warmup_s": 0.0,
        "source": {
            "version": 1,
            "name": "mixed",
            "target": {"broker": url, "settings": {"redis_password": PASSWORD}},
            "workers": {"add": {"queues": ["add"], "env": {"API_TOKEN": PASSWORD}}},
        },
        "description": "Sums, factorials and matrix products, fanned out over three pools.",
    }
    return Plan(**{**fields, **changes})


def threshold(
    metric: str, expression: str, aggregation: Any, operator: Any, limit: float, **changes: Any
) -> Threshold:
    percentile = 95.0 if aggregation == "p" else None
    tags = changes.pop("tags", {})
    return Threshold(metric, tags, expression, aggregation, percentile, operator, limit, **changes)


def make_result(
    outcomes: Sequence[Outcome] | None = None, plan: Plan | None = None, **changes: Any
) -> RunResult:
    """A run of 100 good tasks, unless ``outcomes`` says otherwise."""
    plan = make_plan() if plan is None else plan
    outcomes = [make_task(number) for number in range(100)] if outcomes is None else outcomes
    folds = {"sums": Fold.named("sum", _no_function), "factorials": Fold.named("max", _no_function)}
    folds["sums"].add(0, 123456)
    folds["factorials"].add(0, 7**4000)
    judgement, verdicts = judge(
        plan,
        Evidence(
            outcomes,
            [_canvas(outcome) for outcome in outcomes],
            measured_s=1.0,
            folds=folds,
            dropped={"sums": 2},
        ),
    )
    fields: dict[str, Any] = {
        "id": "a1b2c3",
        "plan": plan,
        "started_at": "2026-11-22T10:00:00+00:00",
        "startup_s": 3.2,
        "duration_s": 14.75,
        "exit_code": exit_code(judgement),
        "stopped_by": None,
        "partial": False,
        "broker": make_broker(),
        "versions": {
            "orchestrator": "0.1.0",
            "celery": "5.7.0",
            "kombu": "5.7.0",
            "python": "3.11",
        },
        "host": {"cpus": 2, "memory_bytes": 8 * 1024**3},
        "pools": (make_pool("add", "gevent", 50), make_pool("factorial", "prefork", 2)),
        "judgement": judgement,
        "outcomes": outcomes,
        "samples": [make_sample(second) for second in range(1, 4)],
        "verdicts": verdicts,
        "orchestrator_cpu_s": 2.5,
        "orchestrator_rss_max_bytes": 90 * 1024**2,
    }
    return replace(RunResult(**fields), **changes)


def make_broker() -> BrokerInfo:
    url = f"redis://:{PASSWORD}@127.0.0.1:6379/0"
    return BrokerInfo("embedded Redis", "7.0.15", "/usr/bin/redis-server", url, url)


def make_pool(name: str, pool: Any, concurrency: int) -> PoolReport:
    return PoolReport(
        name=name,
        pool=pool,
        concurrency=concurrency,
        queues=(name,),
        tasks=1234,
        cpu_s=5.25,
        rss_max_bytes=120 * 1024**2,
        restarts=0,
        exit_codes=(0,),
        startup_s=2.5,
    )


def make_sample(second: int) -> Sample:
    return Sample(
        at_s=float(second),
        sent=10,
        completed=9,
        failed=0,
        in_flight=1,
        backlog={"add": 3},
        pools={"add": (0.5, 1024)},
        orchestrator_cpu_ratio=0.25,
        orchestrator_rss_bytes=2048,
    )


def _canvas(outcome: Outcome) -> CanvasOutcome:
    intended_ns = outcome.intended_ns or 0
    seen_ns = outcome.seen_ns
    return CanvasOutcome(
        workload=outcome.workload,
        iteration=outcome.iteration,
        intended_ns=intended_ns,
        sent_ns=intended_ns + MS,
        published_ns=intended_ns + 2 * MS,
        seen_ns=seen_ns,
        state="timeout" if seen_ns is None else "ok",
    )


def _no_function(name: str) -> Any:
    raise AssertionError(f"no function was asked for: {name}")


def make_fault(**changes: Any) -> FaultReport:
    """A worker that was killed and started again, and took some tasks along."""
    fields: dict[str, Any] = {
        "plan": FaultPlan("worker-kill", 2.0, "add", restart_after_s=1.0),
        "struck_s": 2.01,
        "ended_s": 4.5,
        "tasks": 60,
        "cut_off": 3,
        "verdicts": {"ok": 57, "lost_task": 2, "failed": 1},
        "down_s": 3.25,
        "recovered_s": 6.0,
    }
    return FaultReport(**{**fields, **changes})
