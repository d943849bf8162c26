from typing import Any

import pytest

from orchestrator.scenario.overrides import apply_sets, with_broker, with_target
from orchestrator.scenario.tree import Marks, plain
from orchestrator.scenario.yaml_source import read_yaml

TEXT = "a: {b: 1, c: [1, {d: 2}]}\nx: &x {y: 1}\nz: *x\n"


def _set(*overrides: str) -> Any:
    tree, problems = apply_sets(read_yaml(TEXT, "f", {})[0], overrides, {"V": "9"})
    assert not problems
    return plain(tree)


@pytest.mark.parametrize(
    ("override", "path", "value"),
    [
        ("a.b=2", ("a", "b"), 2),
        ("a.b=50/s", ("a", "b"), "50/s"),
        ("a.b=", ("a", "b"), None),
        ("a.b=[1, {q: no}]", ("a", "b"), [1, {"q": "no"}]),
        ("a.c.1.d=3", ("a", "c", 1, "d"), 3),
        ("a.new.deep=x=y", ("a", "new", "deep"), "x=y"),
        ('"p(99.9){a:b}".k=1', ("p(99.9){a:b}", "k"), 1),
        ("m{a:b}=1", ("m{a:b}",), 1),
        ("a.b=${V}", ("a", "b"), 9),
    ],
)
def test_values_are_put_in(override: str, path: tuple[Any, ...], value: Any) -> None:
    data = _set(override)
    for part in path:
        data = data[part]
    assert data == value


def test_later_ones_win_and_build_on_earlier_ones() -> None:
    assert _set("q.a=1", "q.b=2", "q.a=3")["q"] == {"a": 3, "b": 2}


def test_an_alias_elsewhere_is_not_changed() -> None:
    data = _set("z.y=5")
    assert data["x"] == {"y": 1}
    assert data["z"] == {"y": 5}


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("foo", "--set:1:4: 'foo' is not dotted.key=value (quote a key that holds dots)"),
        ("=1", "--set:1:1: '=1' is not dotted.key=value (quote a key that holds dots)"),
        ("a..b=1", "--set:1:3: 'a..b=1' is not dotted.key=value (quote a key that holds dots)"),
        ('"a=1', "--set:1:1: '\"a=1' is not dotted.key=value (quote a key that holds dots)"),
        ("a.c.7=1", "--set:1:5: a.c.7: a.c is a list of 2: its members are 0 to 1"),
        ("a.b=[", "--set:1:6: not valid YAML"),
        ("a.b=x: y: z", "--set:1:9: not valid YAML"),
        ("a.b=${NO}", "--set:1:5: the environment variable NO is not set"),
        (".".join("a" * 100) + "=1", "nested too deeply"),
    ],
)
def test_problems_have_their_place_in_the_string(override: str, problem: str) -> None:
    _, problems = apply_sets(read_yaml(TEXT, "f", {})[0], [override], {})
    assert len(problems) == 1
    assert problem in str(problems[0])


def test_marks_lead_to_the_option() -> None:
    tree, _ = apply_sets(read_yaml(TEXT, "f", {})[0], ["a.b=oops"], {})
    mark = Marks(tree).mark(("a", "b"))
    assert (mark.file, mark.line, mark.column) == ("--set", 1, 5)


def test_broker_and_target() -> None:
    tree = read_yaml("target: {broker: a, results: none}", "f", {})[0]
    assert plain(with_broker(tree, "redis://h")) == {
        "target": {"broker": "redis://h", "results": "none"}
    }
    other = read_yaml("broker: app", "t", {})[0]
    assert plain(with_target(tree, other)) == {"target": {"broker": "app"}}
