"""Whatever is done to a scenario, the loader gives a Plan or says what is wrong."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.errors import ScenarioError
from orchestrator.records import Plan
from orchestrator.scenario import Drawer, load

ROOT = Path(__file__).parents[3]
TEXTS = [path.read_text() for path in sorted((ROOT / "scenarios").glob("*.yaml"))]
DOCUMENTS = [yaml.safe_load(text) for text in TEXTS]
BOUNDED = settings(
    max_examples=150,
    deadline=20_000,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
SNIPPETS = st.one_of(
    st.sampled_from(
        [
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            "&",
            "*",
            "!",
            "|",
            ">",
            "'",
            '"',
            "#",
            "%",
            "@",
            "`",
            "-",
            "?",
            "<<",
            "*a",
            "&a",
            "\n",
            "\t",
            "${X}",
            "${",
            "$$",
            "---",
            "...",
            "!!int",
            "\x00",
            "\ufeff",
            "é",
            "😀",
            "\x85",
        ]
    ),
    st.text(max_size=5),
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=10)
    | st.sampled_from(["5s", "add", "rate==1", "sum", "redis://h", "task", "group"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(max_size=5)
            | st.sampled_from(["task", "group", "each", "count", "int", "executor"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


def _loads(text: str, **options: Any) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "s.yaml")
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            plan = load(path, environ={"X": "1"}, **options)
        except ScenarioError as exc:
            assert exc.problems
            for problem in exc.problems:
                assert problem.line >= 1
                assert problem.column >= 1
                assert problem.message
                assert "\n" not in str(problem)
            return
        assert isinstance(plan, Plan)
        for workload in plan.workloads:
            Drawer(workload.canvas, seed=plan.seed, workload=workload.name).draw(0)


@BOUNDED
@given(st.sampled_from(TEXTS), st.data())
def test_characters_and_lines(text: str, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        length = data.draw(st.sampled_from([0, 1, 3, 20]))
        text = text[:at] + data.draw(SNIPPETS) + text[at + length :]
        lines = text.split("\n")
        line = data.draw(st.integers(0, len(lines) - 1))
        match data.draw(st.sampled_from(["keep", "drop", "twice", "indent"])):
            case "drop":
                del lines[line]
            case "twice":
                lines.insert(line, lines[line])
            case "indent":
                lines[line] = "  " + lines[line]
        text = "\n".join(lines)
    _loads(text)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    below = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [path, *(deeper for key, member in below for deeper in _paths(member, (*path, key)))]


def _replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _replaced(value[path[0]], path[1:], new)
    return copy


@BOUNDED
@given(st.sampled_from(DOCUMENTS), st.data())
def test_swapped_values(document: Any, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(_paths(document)))
        document = _replaced(document, path, data.draw(VALUES))
    _loads(yaml.dump(document, allow_unicode=True))


@BOUNDED
@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    _loads(text)


@BOUNDED
@given(st.sampled_from(TEXTS), st.text(max_size=40), VALUES)
def test_any_override(text: str, path: str, value: Any) -> None:
    _loads(text, overrides=[path, f"workloads.{path}=x", f"seed={value}", f"workloads={value}"])


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 100_000, "- " * 100_000, "? " * 100_000])
def test_depth(text: str) -> None:
    _loads(text)


@pytest.mark.parametrize(
    "value", ["{a: 1}", "[[]]", "{int: [2, 1]}", "{literal: 1, int: 2}", ".nan", "{}", "${NO}"]
)
def test_width(value: str) -> None:
    args = ", ".join([value] * 3000)
    _loads(
        "version: 1\nname: x\napp: a\nworkers: {w: {queues: [q]}}\nworkloads:\n  a:\n"
        f"    executor: shared-iterations\n    canvas:\n      task: add\n      args: [{args}]\n"
    )
