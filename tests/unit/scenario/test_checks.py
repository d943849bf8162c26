from collections.abc import Callable
from typing import Any

import pytest
import yaml

ADD: dict[str, Any] = {"task": "add"}
CHORD: dict[str, Any] = {"chord": {"header": [ADD], "body": ADD}}


def _text(canvas: Any = ADD, workload: dict[str, Any] | None = None, **over: Any) -> str:
    return yaml.safe_dump(
        {
            "version": 1,
            "name": "x",
            "app": "a",
            "workers": {"w": {"queues": ["add", "sums"]}},
            "workloads": {
                "a": {"executor": "shared-iterations", "canvas": canvas, **(workload or {})}
            },
            **over,
        },
        sort_keys=False,
    )


@pytest.mark.parametrize(
    "target",
    [
        {"broker": "rabbitmq", "results": "rpc"},
        {"broker": "valkey"},
        {"broker": "amqp://u:p@h//", "results": "redis://h/1"},
        {"broker": "pyamqp://guest@localhost//;pyamqp://guest@other//", "results": "rpc://"},
        {"broker": "amqps://"},
        {"broker": "app", "results": "rpc"},
    ],
)
def test_targets(load_text: Callable[..., Any], target: dict[str, str]) -> None:
    plan = load_text(_text(target=target))
    assert plan.target.broker == target["broker"]
    assert plan.target.results == target.get("results", "auto").removesuffix("://")


@pytest.mark.parametrize(
    ("over", "problem"),
    [
        (
            {"target": {"results": "rpc"}},
            "target.results: rpc results come through RabbitMQ, and the broker is 'embedded'",
        ),
        (
            {"workers": "attach"},
            "workers: nobody works on a private broker (embedded) yet: name the one that the "
            "workers consume from (target: {broker: URL}, or app), or run with --target attach",
        ),
    ],
)
def test_targets_that_cannot_work(
    problems: Callable[..., list[str]], over: dict[str, Any], problem: str
) -> None:
    assert problems(_text(**over)) == [problem]


@pytest.mark.parametrize(
    ("canvas", "place"),
    [
        (CHORD, "chord"),
        ({"chain": [{"group": [ADD, ADD]}, ADD]}, "chain.0"),
        ({"chain": [ADD, {"chain": [ADD, {"group": [ADD, ADD]}]}, ADD]}, "chain.1"),
        ({"chain": [{"chunks": {"task": "add", "items": [[1], [2]], "size": 1}}, ADD]}, "chain.0"),
    ],
)
def test_rpc_cannot_count_a_chord(
    problems: Callable[..., list[str]], canvas: dict[str, Any], place: str
) -> None:
    (problem,) = problems(_text(canvas, target={"broker": "rabbitmq", "results": "rpc"}))
    assert problem.startswith(f"workloads.a.canvas.{place}: ")
    assert "results: rpc cannot run it" in problem


def test_a_group_of_one_is_no_chord(load_text: Callable[..., Any]) -> None:
    canvas = {"chain": [{"group": [ADD]}, ADD]}
    load_text(_text(canvas, target={"broker": "rabbitmq", "results": "rpc"}))


def test_one_repeat_is_fine(load_text: Callable[..., Any]) -> None:
    load_text(_text(repeats=1))


@pytest.mark.parametrize(
    ("canvas", "path"),
    [
        ({"task": "add", "queue": "sum"}, "canvas.queue"),
        ({"chain": [ADD, {"task": "add", "queue": "sum"}]}, "canvas.chain.1.queue"),
        ({"map": {"task": "add", "items": [1], "queue": "sum"}}, "canvas.map.queue"),
        (
            {"task": "add", "options": {"link": {"task": "add", "queue": "sum"}}},
            "canvas.options.link.0.queue",
        ),
    ],
)
def test_a_queue_without_a_pool(problems: Callable[..., list[str]], canvas: Any, path: str) -> None:
    assert problems(_text(canvas)) == [
        f"workloads.a.{path}: no pool consumes the queue 'sum' (did you mean 'sums'?): add, sums"
    ]


def test_a_pool_that_is_wrong_may_have_had_the_queue(problems: Callable[..., list[str]]) -> None:
    found = problems(
        _text({"task": "add", "queue": "x"}, workers={"w": {"queues": ["x"], "pol": 1}})
    )
    assert found == ["workers.w.pol: unknown key (did you mean 'pool'?)"]


@pytest.mark.parametrize("results", ["none", "rpc"])
def test_a_chord_needs_a_backend_that_counts(
    problems: Callable[..., list[str]], results: str
) -> None:
    found = problems(_text(CHORD, target={"broker": "rabbitmq", "results": results}))
    assert (
        "workloads.a.canvas.chord: a chord needs a result backend that counts: "
        f"results: {results} cannot run it" in found
    )
    found = problems(
        _text(
            {"chain": [{"group": [ADD, ADD]}, ADD]},
            target={"broker": "rabbitmq", "results": results},
        )
    )
    assert any("a group with a link after it is a chord" in problem for problem in found)


def test_without_results_nothing_can_be_held_against_them(
    problems: Callable[..., list[str]],
) -> None:
    canvas = {**ADD, "expect": {"value": 1}}
    text = _text(canvas, {"aggregate": "sum"}, target={"results": "none"})
    assert problems(text) == [
        "workloads.a.canvas.expect: with results: none nothing comes back to be held against it",
        "workloads.a.aggregate: with results: none nothing comes back to aggregate",
    ]


def test_without_results_tasks_and_groups_can_be_sent(load_text: Callable[..., Any]) -> None:
    load_text(_text({"group": [ADD, {"chain": [ADD, ADD]}]}, target={"results": "none"}))


def test_a_canvas_can_be_too_large(problems: Callable[..., list[str]]) -> None:
    inner = {"group": {"each": ADD, "count": 10_000}}
    found = problems(_text({"group": {"each": inner, "count": 10_000}}))
    assert found == [
        "workloads.a.canvas: one canvas of 100,000,000 tasks is too large: at most 1,000,000"
    ]


def test_a_warm_up_must_leave_something(
    problems: Callable[..., list[str]], load_text: Callable[..., Any]
) -> None:
    load = {"executor": "constant-vus", "duration": "5s", "start_time": "1s"}
    assert problems(_text(workload=load, warmup="6s")) == [
        "warmup: the load ends after 6s: the warm-up leaves nothing to measure"
    ]
    assert load_text(_text(workload=load, warmup="5s")).warmup_s == 5.0
    assert load_text(_text(warmup="5s")).warmup_s == 5.0
