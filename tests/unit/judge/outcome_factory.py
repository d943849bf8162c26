"""Records for the judge's tests, with every field that a test does not care about filled in."""

from typing import Any

from orchestrator.records import (
    Call,
    CanvasOutcome,
    Expect,
    Expectation,
    Outcome,
    Plan,
    TargetPlan,
    TaskResult,
    Threshold,
    WorkloadPlan,
)

MS = 1_000_000
S = 1_000_000_000


def make_outcome(task_id: str = "t-1", **changes: Any) -> Outcome:
    """A task that went well: one ms for each gap, all points known, intended at one second."""
    fields: dict[str, Any] = {
        "id": task_id,
        "task": "add_module.tasks.add",
        "queue": "add",
        "pool": "fast",
        "worker": "add-1@host",
        "workload": "sums",
        "iteration": 0,
        "tags": {},
        "direct": True,
        "intended_ns": S,
        "sent_ns": S + MS,
        "published_ns": S + 2 * MS,
        "received_ns": S + 3 * MS,
        "started_ns": S + 4 * MS,
        "finished_ns": S + 5 * MS,
        "seen_ns": S + 6 * MS,
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


def no_result(task_id: str = "t-1", *, executions: int | None = 0, **changes: Any) -> Outcome:
    """A task of which no result came."""
    nothing = {"seen_ns": None, "state": "PENDING", "results": 0, "matched": None}
    return make_outcome(task_id, executions=executions, **{**nothing, **changes})


def make_canvas(iteration: int = 0, **changes: Any) -> CanvasOutcome:
    fields: dict[str, Any] = {
        "workload": "sums",
        "iteration": iteration,
        "intended_ns": S,
        "sent_ns": S + MS,
        "published_ns": S + 2 * MS,
        "seen_ns": S + 10 * MS,
        "state": "ok",
    }
    return CanvasOutcome(**{**fields, **changes})


def make_expectation(task_id: str, *args: Any, **changes: Any) -> Expectation:
    fields: dict[str, Any] = {
        "id": task_id,
        "task": "add_module.tasks.add",
        "queue": "add",
        "workload": "sums",
        "iteration": 0,
        "args": args,
        "kwargs": {},
    }
    return Expectation(**{**fields, **changes})


def expecting(kind: Any, value: Any, rel: float = 1e-9) -> Expect:
    return Expect(kind, value, rel)


def success(task_id: str, value: Any) -> TaskResult:
    return TaskResult(task_id, "SUCCESS", value, None, S)


def failure(task_id: str, error: BaseException | None, state: str = "FAILURE") -> TaskResult:
    return TaskResult(task_id, state, None, error, S)


def make_threshold(metric: str, expression: str, **changes: Any) -> Threshold:
    fields: dict[str, Any] = {
        "metric": metric,
        "tags": {},
        "expression": expression,
        "aggregation": "count",
        "percentile": None,
        "operator": "==",
        "limit": 0.0,
    }
    return Threshold(**{**fields, **changes})


def make_plan(*thresholds: Threshold, **changes: Any) -> Plan:
    workload = WorkloadPlan("sums", "shared-iterations", Call("add"), aggregate="sum")
    fields: dict[str, Any] = {
        "name": "test",
        "app": "tasks.app:app",
        "seed": 0,
        "target": TargetPlan(),
        "pools": (),
        "workloads": (workload,),
        "thresholds": thresholds,
        "warmup_s": 0.0,
        "source": {},
    }
    return Plan(**{**fields, **changes})
