from collections.abc import Callable
from typing import Any

import pytest

ADD: dict[str, Any] = {"task": "add"}
ONE_OF = "a canvas node has exactly one of task, group, chord, chain, map, starmap, chunks"


def _workloads(canvas: Any) -> dict[str, Any]:
    return {"a": {"executor": "shared-iterations", "canvas": canvas}}


@pytest.mark.parametrize(
    "canvas",
    [
        ADD,
        {"task": "a.b.add", "args": [1], "kwargs": {"x": {"int": [1, 2]}}, "immutable": True},
        {"group": [ADD, {"chain": [ADD, ADD]}]},
        {"group": {"each": {"group": [ADD]}, "count": 3}},
        {"chord": {"header": {"each": ADD, "count": 2}, "body": {"group": [ADD]}}},
        {"chord": {"header": [ADD], "body": {"chord": {"header": [ADD], "body": ADD}}}},
        {"map": {"task": "add", "items": [1, {"int": [1, 2]}], "queue": "add"}},
        {"starmap": {"task": "add", "items": [[1, 2], [{"index": 1}, 2]]}},
        {"chunks": {"task": "add", "items": [[1, 2]], "size": 10}},
        {**ADD, "options": {"countdown": "5s", "priority": 3, "retry": False, "link": ADD}},
        {**ADD, "options": {"link_error": [ADD, ADD], "headers": {"a": 1, "b": None}}},
        {**ADD, "options": {"eta": "2030-01-31T12:00:00Z", "retry_policy": {"max_retries": None}}},
        *(
            {**ADD, "expect": expect}
            for expect in (
                {"value": None},
                {"type": "int"},
                {"approx": 1, "rel": 0.1},
                {"raises": "billiard.exceptions.SoftTimeLimitExceeded"},
                {"call": "a.b:c"},
            )
        ),
    ],
)
def test_accepted(load_text: Callable[..., Any], canvas: Any) -> None:
    load_text(workloads=_workloads(canvas))


@pytest.mark.parametrize(
    ("canvas", "problem"),
    [
        (
            5,
            f"canvas: {ONE_OF}; it is a mapping, not 5",
        ),
        ({}, "canvas: a canvas node has exactly one of"),
        (
            {"taks": "add"},
            f"canvas: {ONE_OF} (did you mean 'task'?)",
        ),
        ({"task": "add", "group": []}, "not task, group together"),
        ({"task": 5}, 'canvas.task: a string is needed, not 5 (quote it: "5")'),
        ({"task": "add", "arg": []}, "canvas.arg: unknown key (did you mean 'args'?)"),
        ({"task": "add", "args": 5}, "canvas.args: a list is needed, not 5"),
        ({"group": []}, "canvas.group: too few: at least 1 needed"),
        ({"chain": []}, "canvas.chain: too few: at least 1 needed"),
        ({"group": {"each": ADD, "count": 0}}, "canvas.group.count: 0 is out of range: at least 1"),
        ({"group": {"each": ADD}}, "canvas.group.count: the key count is missing"),
        (
            {"group": {"each": ADD, "cuont": 1}},
            "canvas.group.cuont: unknown key (did you mean 'count'?)",
        ),
        ({"chord": {"header": [ADD]}}, "canvas.chord.body: the key body is missing"),
        ({"chord": {"header": [], "body": ADD}}, "canvas.chord.header: too few"),
        ({"chord": [ADD]}, "canvas.chord: a mapping is needed, not a list"),
        ({"map": {"task": "add", "items": []}}, "canvas.map.items: too few"),
        (
            {"starmap": {"task": "add", "items": [1]}},
            "canvas.starmap.items.0: a list is needed, not 1",
        ),
        (
            {"chunks": {"task": "add", "items": [[1]]}},
            "canvas.chunks.size: the key size is missing",
        ),
        (
            {**ADD, "expect": {}},
            "canvas.expect: expect has exactly one of value, type, approx, raises, call",
        ),
        ({**ADD, "expect": {"value": 1, "type": "int"}}, "not value, type together"),
        ({**ADD, "expect": {"value": 1, "rel": 1}}, "canvas.expect.rel: unknown key"),
        ({**ADD, "expect": {"raise": "X"}}, "(did you mean 'raises'?)"),
        ({**ADD, "expect": {"call": "a"}}, "write module:function"),
        (
            {**ADD, "options": {"countdwn": "5s"}},
            "canvas.options.countdwn: unknown key (did you mean 'countdown'?)",
        ),
        (
            {**ADD, "options": {"zzz": 1}},
            "unknown key: options takes countdown, eta, expires, priority, time_limit, "
            "soft_time_limit, retry, retry_policy, link, link_error, serializer, compression",
        ),
        ({**ADD, "options": {"countdown": 5}}, "write 5s"),
        ({**ADD, "options": {"eta": "10s"}}, "use countdown: 10s"),
        ({**ADD, "options": {"eta": "2030-01-31T12:00:00"}}, "has no time zone"),
        (
            {**ADD, "options": {"countdown": "1s", "eta": "2030-01-31T12:00:00Z"}},
            "exclude each other",
        ),
        ({**ADD, "options": {"time_limit": "1s", "soft_time_limit": "1s"}}, "must be shorter"),
        (
            {**ADD, "options": {"link": {"group": []}}},
            "canvas.options.link.task: the key task is missing",
        ),
        ({**ADD, "options": {"link": [{"task": 1}]}}, "canvas.options.link.0.task: a string"),
        ({**ADD, "queue": "a b"}, "canvas.queue: 'a b' is not the name of a queue"),
    ],
)
def test_refused(problems: Callable[..., list[str]], canvas: Any, problem: str) -> None:
    found = "\n".join(problems(workloads=_workloads(canvas)))
    assert problem in found
