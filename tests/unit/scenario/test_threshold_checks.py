from collections.abc import Callable
from typing import Any

import pytest
import yaml


def _text(thresholds: dict[str, list[Any]], **over: Any) -> str:
    canvas = {
        "group": [
            {"task": "add_module.tasks.add", "queue": "add"},
            {"map": {"task": "sum", "items": [1]}},
        ]
    }
    workload = {"executor": "shared-iterations", "canvas": canvas, "tags": {"tier": "gold"}}
    return yaml.safe_dump(
        {
            "version": 1,
            "name": "x",
            "app": "a",
            "workers": {"w": {"queues": ["add"]}},
            "workloads": {"a": workload},
            "thresholds": thresholds,
            **over,
        },
        sort_keys=False,
    )


@pytest.mark.parametrize(
    "key",
    [
        "task_duration{task:add}",
        "task_duration{task:add_module.tasks.add,queue:add,pool:w,worker:w,workload:a}",
        "task_duration{task:celery.map}",
        "task_duration{task:tasks.sum}",
        "run{tier:gold}",
    ],
)
def test_what_can_be_measured(load_text: Callable[..., Any], key: str) -> None:
    assert len(load_text(_text({key: ["avg<5s"]})).thresholds) == 1


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("verifed", "'verifed' is not a metric (did you mean 'verified'?)"),
        (
            "run{tsk:add}",
            "'tsk' is not a tag (did you mean 'task'?): workload, task, queue, pool, worker, tier",
        ),
        ("run{workload:b}", "the scenario has no workload 'b': a"),
        ("run{task:sub}", "the scenario has no task 'sub'"),
        ("run{queue:ad}", "the scenario has no queue 'ad' (did you mean 'add'?): add"),
        ("run{pool:gevent}", "the scenario has no pool 'gevent': w"),
        ("run{worker:x}", "the scenario has no worker 'x': w"),
        ("run{tier:silver}", "the scenario has no tier 'silver'"),
        ("backlog{task:add}", "backlog is not measured by task: it has the tags queue"),
        ("canvas_duration{task:add}", "canvas_duration is not measured by task"),
        ("run{task:tasks.add}", "the scenario has no task 'tasks.add'"),
        ("dropped_iterations{tier:gold}", "'tier' is not a tag"),
        ("worker_rss_bytes{worker:w}", "worker_rss_bytes is not measured by worker"),
        ("backlog{tier:gold}", "'tier' is not a tag"),
    ],
)
def test_what_cannot_be_measured(
    problems: Callable[..., list[str]], key: str, message: str
) -> None:
    check = "count==0" if key.startswith("dropped") else "max<5"
    found = problems(_text({key: [check]}))
    assert len(found) == 1
    assert message in found[0]


def test_expressions_and_tags_are_reported_together(problems: Callable[..., list[str]]) -> None:
    found = problems(_text({"run{workload:b,queue:z}": ["p95<3", {"threshold": "slope<1"}]}))
    assert len(found) == 4


def test_no_metric_of_results_without_results(problems: Callable[..., list[str]]) -> None:
    found = problems(_text({"result_lag": ["avg<1s"]}, target={"results": "none"}))
    assert found == ["thresholds.result_lag: with results: none there is no result_lag to measure"]


def test_what_a_wrong_part_may_have_declared_is_not_held_against_thresholds(
    problems: Callable[..., list[str]],
) -> None:
    text = _text({"run{queue:z,task:y,color:x}": ["avg<1s"]}, workers={"w": 5}, workloads={"a": 5})
    assert sorted(found.split(":")[0] for found in problems(text)) == ["workers.w", "workloads.a"]


def test_workers_of_a_pool_are_numbered(
    load_text: Callable[..., Any], problems: Callable[..., list[str]]
) -> None:
    workers = {"w": {"queues": ["add"], "count": 2}}
    load_text(_text({"run{worker:w.2}": ["avg<1s"]}, workers=workers))
    found = problems(_text({"run{worker:w}": ["avg<1s"]}, workers=workers))
    assert "the scenario has no worker 'w'" in found[0]
    assert found[0].endswith("w.1, w.2")
