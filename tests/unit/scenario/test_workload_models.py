from collections.abc import Callable
from typing import Any

import pytest

CANVAS = {"task": "add"}


def _workloads(**workload: Any) -> dict[str, Any]:
    return {"a": {"canvas": CANVAS, **workload}}


def test_defaults(load_text: Callable[..., Any]) -> None:
    workload = load_text(workloads=_workloads(executor="shared-iterations")).workloads[0]
    assert (workload.vus, workload.iterations, workload.max_duration_s) == (1, 1, 600.0)
    assert (workload.graceful_stop_s, workload.timeout_s, workload.start_time_s) == (
        30.0,
        60.0,
        0.0,
    )
    assert (workload.aggregate, workload.tags) == (None, {})


def test_constant_vus(load_text: Callable[..., Any]) -> None:
    given = _workloads(executor="constant-vus", vus=4, duration="5s", start_time="1s")
    workload = load_text(workloads=given).workloads[0]
    assert (workload.vus, workload.duration_s, workload.start_time_s) == (4, 5.0, 1.0)
    assert workload.iterations is None


def test_constant_arrival_rate(load_text: Callable[..., Any]) -> None:
    given = _workloads(
        executor="constant-arrival-rate", rate="30/m", duration="5s", tags={"tier": "x"}
    )
    workload = load_text(workloads=given).workloads[0]
    assert (workload.rate_per_s, workload.duration_s, workload.max_in_flight) == (0.5, 5.0, 1000)
    assert workload.tags == {"tier": "x"}


@pytest.mark.parametrize(
    "aggregate", ["sum", "mean", "min", "max", "count", "last", "collect", "digest", "a.b:c"]
)
def test_aggregates(load_text: Callable[..., Any], aggregate: str) -> None:
    given = _workloads(executor="shared-iterations", aggregate=aggregate)
    assert load_text(workloads=given).workloads[0].aggregate == aggregate


@pytest.mark.parametrize(
    ("workload", "problem"),
    [
        ({}, "the key executor is missing: shared-iterations, per-vu-iterations, constant-vus, "),
        (
            {"executor": "constant-vu"},
            "'constant-vu' is not an executor (did you mean 'constant-vus'?)",
        ),
        ({"executor": 5}, "5 is not an executor"),
        (
            {"executor": "shared-iterations", "vus": 5, "iterations": 4},
            "iterations (4) can't be less than vus (5)",
        ),
        (
            {"executor": "constant-vus", "duration": "5s", "rate": "5/s"},
            "workloads.a.rate: constant-vus does not take this key; constant-arrival-rate does",
        ),
        (
            {"executor": "constant-arrival-rate", "duration": "5s", "rate": "5/s", "vus": 2},
            "constant-arrival-rate does not take this key; "
            "shared-iterations, per-vu-iterations, constant-vus do",
        ),
        ({"executor": "constant-vus"}, "workloads.a.duration: the key duration is missing"),
        ({"executor": "constant-vus", "duration": 5}, "write 5s"),
        ({"executor": "constant-vus", "duration": "0s"}, "more than 0 is needed"),
        ({"executor": "constant-vus", "duration": "5s", "vus": 0}, "at least 1 is needed"),
        ({"executor": "shared-iterations", "agregate": "sum"}, "(did you mean 'aggregate'?)"),
        (
            {"executor": "shared-iterations", "aggregate": "summ"},
            "not an aggregate (did you mean 'sum'?)",
        ),
        (
            {"executor": "shared-iterations", "tags": {"queue": "x"}},
            "every measurement has this tag already",
        ),
        ({"executor": "shared-iterations", "tags": {"tier": 5}}, "a string is needed"),
    ],
)
def test_refused(problems: Callable[..., list[str]], workload: Any, problem: str) -> None:
    assert problem in "\n".join(problems(workloads=_workloads(**workload)))


@pytest.mark.parametrize(
    "workload",
    [
        {"executor": "per-vu-iterations", "vus": 2, "iterations": 3, "max_duration": "1m"},
        {"executor": "ramping-vus", "start_vus": 0, "stages": [{"duration": "5s", "target": 10}]},
        {
            "executor": "ramping-arrival-rate",
            "start_rate": "5/s",
            "stages": [{"duration": "5s", "target": "10/s"}],
        },
        {"executor": "backlog", "size": 1000, "drain_ratio": 0.95},
    ],
)
def test_every_executor_of_k6_is_read(
    problems: Callable[..., list[str]], load_text: Callable[..., Any], workload: dict[str, Any]
) -> None:
    plan = load_text(workloads=_workloads(**workload))
    assert plan.workloads[0].executor == workload["executor"]
    wrong = problems(workloads=_workloads(**workload, zzz=1))
    assert len(wrong) == 1
    assert "workloads.a.zzz: unknown key" in wrong[0]


@pytest.mark.parametrize(
    ("workload", "problem"),
    [
        ({"executor": "ramping-vus", "start_vus": 0, "stages": []}, "stages: "),
        (
            {
                "executor": "ramping-vus",
                "start_vus": 0,
                "stages": [{"duration": "1s", "target": 0}],
            },
            "no stage has a VU",
        ),
        (
            {"executor": "ramping-vus", "stages": [{"duration": "0s", "target": 5}]},
            "the stages take no time",
        ),
        (
            {"executor": "ramping-arrival-rate", "stages": [{"duration": "0s", "target": "5/s"}]},
            "the stages start no iteration",
        ),
        (
            {"executor": "ramping-arrival-rate", "stages": [{"duration": "1s", "target": 5}]},
            "stages.0.target: ",
        ),
        ({"executor": "backlog", "size": 10, "drain_ratio": 1.5}, "drain_ratio: "),
        ({"executor": "backlog", "size": 10, "vus": 5}, "vus: backlog does not take this key"),
    ],
)
def test_ramps_and_backlogs_that_cannot_be_are_refused(
    problems: Callable[..., list[str]], workload: dict[str, Any], problem: str
) -> None:
    assert problem in "\n".join(problems(workloads=_workloads(**workload)))
