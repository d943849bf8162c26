from collections.abc import Callable
from typing import Any

import pytest
import yaml

BASE: dict[str, Any] = {
    "version": 1,
    "name": "small",
    "app": "tasks.app:app",
    "workers": {"w": {"queues": ["add"]}},
    "workloads": {"a": {"executor": "shared-iterations", "canvas": {"task": "add"}}},
}


def _text(**over: Any) -> str:
    return yaml.safe_dump({**BASE, **over}, sort_keys=False)


def test_defaults(load_text: Callable[..., Any]) -> None:
    plan = load_text(_text())
    assert (plan.seed, plan.warmup_s, plan.description) == (0, 0.0, "")
    assert (plan.target.broker, plan.target.results, plan.target.settings) == (
        "embedded",
        "auto",
        {},
    )
    pool = plan.pools[0]
    assert (pool.pool, pool.concurrency, pool.count, pool.prefetch_multiplier) == (
        "prefork",
        1,
        1,
        None,
    )


@pytest.mark.parametrize(
    "broker", ["embedded", "redis", "valkey", "app", "rediss://u:p@h:1/0", "redis+socket:///a"]
)
def test_brokers(load_text: Callable[..., Any], broker: str) -> None:
    assert load_text(_text(target={"broker": broker})).target.broker == broker


def test_a_pool(load_text: Callable[..., Any]) -> None:
    given = {
        "queues": ["a", "a", "b"],
        "pool": "gevent",
        "concurrency": 50,
        "prefetch_multiplier": 0,
        "env": {"X": 1, "Y": "z"},
        "options": ["--max-tasks-per-child=100"],
    }
    pool = load_text(_text(workers={"w": given})).pools[0]
    assert pool.queues == ("a", "b")
    assert pool.env == {"X": "1", "Y": "z"}
    assert pool.options == ("--max-tasks-per-child=100",)


@pytest.mark.parametrize(
    ("over", "problem"),
    [
        ({"version": 2}, "version: 2 is not a version of the scenario file: write version: 1"),
        ({"version": "1"}, "version: '1' is not a version"),
        ({"version": True}, "version: true is not a version"),
        ({"name": "../x"}, "name: '../x' is not a name"),
        ({"name": "a" * 65}, "is not a name"),
        ({"app": ""}, "app: '' is not an app"),
        ({"seed": "x"}, "seed: a whole number is needed"),
        ({"seed": 2**63}, "seed:"),
        ({"warmup": 5}, "warmup: a duration needs a unit: write 5s"),
        ({"workers": {}}, "workers: too few"),
        ({"workers": None}, "workers: a mapping is needed, not null"),
        ({"workers": "atach"}, "workers: 'atach' is not attach (did you mean 'attach'?)"),
        ({"workers": {"a/b": {"queues": ["add"]}}}, "workers.a/b: 'a/b' is not a name"),
        ({"workers": {"w": {"queues": []}}}, "workers.w.queues: too few"),
        ({"workers": {"w": {"queues": "add"}}}, "workers.w.queues: a list is needed, not 'add'"),
        (
            {"workers": {"w": {"queues": ["add"], "pool": "solo", "concurrency": 2}}},
            "one task at a time",
        ),
        (
            {"workers": {"w": {"queues": ["add"], "pool": "processes"}}},
            "is not one of prefork, gevent",
        ),
        (
            {"workers": {"w": {"queues": ["add"], "concurrency": "auto"}}},
            "a whole number is needed",
        ),
        (
            {"workers": {"w": {"queues": ["add"], "env": {"X": True}}}},
            "workers.w.env.X: a string is needed",
        ),
        ({"workers": {"w": {"queues": ["add"], "options": ["-Qx"]}}}, "-Q is set by queues"),
        ({"workers": {"w": {"queues": ["add"], "options": ["--pool=x"]}}}, "--pool is set by pool"),
        ({"workers": {"w": {"queues": ["add"], "options": ["-D"]}}}, "must not detach"),
        ({"target": {"broker": "embeded"}}, "(did you mean 'embedded'?)"),
        ({"target": {"broker": "sqs://"}}, "'sqs':// is not a known kind of broker"),
        ({"target": {"broker": "redis://h:x"}}, "not a URL"),
        ({"target": {"broker": "redis://"}}, "names no host"),
        ({"target": {"results": "cache"}}, "'cache' is not a result backend"),
        ({"target": {"settings": {"CELERY_X": 1}}}, "write its lower-case name"),
        ({"target": {"settings": {"result_backend": "x"}}}, "set by target.results"),
        ({"thresholds": {"verified": []}}, "thresholds.verified: too few"),
        ({"thresholds": {"verified": [{"treshold": "rate==1"}]}}, "(did you mean 'threshold'?)"),
        ({"thresholds": {"verified": [5]}}, "thresholds.verified.0: a string is needed, not 5"),
        ({"worklaods": {}}, "worklaods: unknown key (did you mean 'workloads'?)"),
    ],
)
def test_refused(problems: Callable[..., list[str]], over: Any, problem: str) -> None:
    assert problem in "\n".join(problems(_text(**over)))


@pytest.mark.parametrize("key", ["version", "name", "app", "workers", "workloads"])
def test_missing_keys(problems: Callable[..., list[str]], key: str) -> None:
    text = yaml.safe_dump({name: value for name, value in BASE.items() if name != key})
    assert problems(text) == [f"{key}: the key {key} is missing"]
