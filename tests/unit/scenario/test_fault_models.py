"""What goes wrong on purpose, as a scenario says it."""

from collections.abc import Callable
from typing import Any

import pytest

from orchestrator.records import FaultPlan

WORKERS: dict[str, Any] = {
    "fork": {"queues": ["add"], "count": 2},
    "thread": {"queues": ["sums"], "pool": "threads"},
}


def _faults(*faults: dict[str, Any]) -> dict[str, Any]:
    return {"workers": WORKERS, "faults": list(faults)}


def test_the_defaults_of_each_kind(load_text: Callable[..., Any]) -> None:
    plan = load_text(
        **_faults(
            {"at": "1s", "kind": "worker-kill", "worker": "fork"},
            {"at": "2s", "kind": "child-kill", "worker": "fork.2"},
            {"at": "3s", "kind": "worker-pause", "worker": "thread", "duration": "500ms"},
            {"at": "4s", "kind": "broker-kill"},
            {"at": "5s", "kind": "broker-pause", "duration": "2s"},
        )
    )
    assert plan.faults == (
        FaultPlan("worker-kill", 1.0, "fork", "SIGKILL", None, grace_s=30.0),
        FaultPlan("child-kill", 2.0, "fork.2"),
        FaultPlan("worker-pause", 3.0, "thread", duration_s=0.5),
        FaultPlan("broker-kill", 4.0, None, "SIGKILL", 1.0),
        FaultPlan("broker-pause", 5.0, duration_s=2.0),
    )
    assert [fault.pool for fault in plan.faults] == ["fork", "fork", "thread", None, None]
    assert plan.broker_fails


def test_a_warm_shutdown_and_a_new_worker(load_text: Callable[..., Any]) -> None:
    given = {"at": "1s", "kind": "worker-kill", "worker": "fork.1", "signal": "SIGTERM"}
    plan = load_text(**_faults({**given, "grace": "5s", "restart_after": "0s"}))
    assert plan.faults == (FaultPlan("worker-kill", 1.0, "fork.1", "SIGTERM", 0.0, grace_s=5.0),)
    assert not plan.broker_fails


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        ({"at": "1s"}, "the key kind is missing: worker-kill, child-kill, worker-pause, "),
        (
            {"at": "1s", "kind": "worker-kil"},
            "'worker-kil' is not a fault (did you mean 'worker-kill'?): worker-kill, ",
        ),
        ({"kind": "worker-kill", "worker": "fork"}, "the key at is missing"),
        ({"at": 1, "kind": "broker-kill"}, "at: "),
        ({"at": "1s", "kind": "worker-kill"}, "the key worker is missing"),
        ({"at": "1s", "kind": "broker-pause"}, "the key duration is missing"),
        (
            {"at": "1s", "kind": "worker-kill", "worker": "fork", "signal": "SIGSTOP"},
            "'SIGSTOP' is not one of SIGKILL, SIGTERM, SIGQUIT, SIGINT",
        ),
        (
            {"at": "1s", "kind": "worker-kill", "worker": "fork", "restart_aftr": "1s"},
            "unknown key (did you mean 'restart_after'?)",
        ),
        (
            {"at": "1s", "kind": "broker-kill", "worker": "fork"},
            "broker-kill does not take this key; worker-kill, child-kill, worker-pause do",
        ),
        ({"at": "1s", "kind": "worker-kill", "worker": "fork.0"}, "is not the name of a pool"),
        (
            {"at": "1s", "kind": "worker-kill", "worker": "frok"},
            "no pool is called 'frok' (did you mean 'fork'?): fork, thread",
        ),
        ({"at": "1s", "kind": "worker-kill", "worker": "fork.3"}, "fork has 2 workers"),
        (
            {"at": "1s", "kind": "child-kill", "worker": "thread"},
            "only a prefork pool has child processes, and thread is threads",
        ),
        ("kill", "a mapping is needed, not 'kill'"),
    ],
)
def test_a_fault_that_cannot_be(
    problems: Callable[..., list[str]], fault: dict[str, Any], problem: str
) -> None:
    (found,) = problems(**_faults(fault))
    assert found.startswith("faults.0")
    assert problem in found


def test_a_broker_that_is_not_ours_is_left_alone(problems: Callable[..., list[str]]) -> None:
    given = _faults({"at": "1s", "kind": "broker-pause", "duration": "1s"})
    assert problems(**given, broker="redis://h/0") == [
        "faults.0.kind: only a private broker can be made to fail, and this one is not ours"
    ]


def test_workers_that_are_not_ours_are_left_alone(problems: Callable[..., list[str]]) -> None:
    fault = {"at": "1s", "kind": "worker-kill", "worker": "fork"}
    given = {"workers": "attach", "faults": [fault], "broker": "redis://h/0"}
    assert problems(**given) == [
        "faults.0.kind: only workers that the run starts can be made to fail: "
        "not with workers: attach"
    ]


def test_a_backlog_needs_workers_that_stay(problems: Callable[..., list[str]]) -> None:
    backlog = {"executor": "backlog", "size": 10, "canvas": {"task": "add", "args": [1, 2]}}
    given = _faults({"at": "1s", "kind": "worker-kill", "worker": "fork"})
    assert problems(**given, workloads={"a": backlog}) == [
        "workloads.a.executor: a backlog needs workers that stay up: not possible with faults"
    ]


def test_what_faults_measure_needs_one(problems: Callable[..., list[str]]) -> None:
    assert problems(thresholds={"fault_recovery": ["max<5s"]}) == [
        "thresholds.fault_recovery: without faults there is no fault_recovery to measure"
    ]
