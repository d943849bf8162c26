from typing import Any

import pytest

from orchestrator.errors import ScenarioError
from orchestrator.scenario.tree import Marks, plain
from orchestrator.scenario.yaml_source import read_yaml


def _read(text: str, environ: dict[str, str] | None = None) -> Any:
    tree, problems = read_yaml(text, "f", environ or {})
    assert not problems
    return plain(tree)


def _refused(text: str) -> str:
    with pytest.raises(ScenarioError) as caught:
        read_yaml(text, "f", {})
    assert "\n" not in str(caught.value)
    return str(caught.value)


def _problems(text: str, environ: dict[str, str] | None = None) -> list[str]:
    return [str(problem) for problem in read_yaml(text, "f", environ or {})[1]]


def test_values_and_their_places() -> None:
    tree, _ = read_yaml("a: 1\nb:\n  - x\n  - {c: 'é', d: no}\n", "f", {})
    assert plain(tree) == {"a": 1, "b": ["x", {"c": "é", "d": "no"}]}
    mark = Marks(tree).mark(("b", 1, "d"))
    assert (mark.file, mark.line, mark.column) == ("f", 4, 17)
    key = Marks(tree).mark(("b", 1, "d"), at_key=True)
    assert (key.line, key.column) == (4, 14)


def test_keys_are_text_as_written() -> None:
    assert _read("1: a\nno: b\n010: c\n") == {"1": "a", "no": "b", "010": "c"}


def test_duplicate_keys_are_reported_at_the_second() -> None:
    tree, problems = read_yaml("a: 1\nb: 2\na: 3\n", "f", {})
    assert plain(tree) == {"a": 1, "b": 2}
    assert [str(problem) for problem in problems] == [
        "f:3:1: a: the key is here a second time: it is in line 1 already"
    ]


def test_variables_are_typed_when_they_are_not_quoted() -> None:
    environ = {"N": "10", "K": "key"}
    text = 'a: ${N}\nb: "${N}"\nc: ${X:-1.5}\nd: ${Y:-}\n${K}: x\ne: !!int "${N}"\n'
    assert _read(text, environ) == {"a": 10, "b": "10", "c": 1.5, "d": None, "key": "x", "e": 10}


def test_an_unset_variable_is_reported_with_its_place() -> None:
    assert _problems("a:\n  b: [1, '${NO}']\n") == [
        "f:2:10: a.b.1: the environment variable NO is not set: set it, or write ${NO:-default}"
    ]


def test_aliases_and_merge_keys() -> None:
    text = "a: &a {x: 1, y: 2}\nb: *a\nc: {<<: *a, y: 3}\nd: {<<: [{y: 9}, *a], z: 0}\n"
    data = _read(text)
    assert data["b"] == {"x": 1, "y": 2}
    assert data["c"] == {"x": 1, "y": 3}
    assert data["d"] == {"x": 1, "y": 9, "z": 0}


def test_a_merge_of_what_is_no_mapping_is_reported() -> None:
    assert "<< takes a mapping" in _problems("a: {<<: 5}\n")[0]


def test_a_quoted_merge_key_is_a_key() -> None:
    assert _read("'<<': 5") == {"<<": 5}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "f:1:1: the file is empty"),
        ("# only a comment\n", "f:1:1: the file is empty"),
        ("a: [1", "f:1:6: not valid YAML"),
        ("a: 'x", "f:1:6: not valid YAML"),
        ("a: b: c", "f:1:5: not valid YAML"),
        ("a: 1\n---\nb: 2", "f:2:1: a second document"),
        ("a: &a [*a]", "f:1:8: a.0: the alias *a stands inside its own anchor"),
        ("a: *b", "f:1:4: a: the alias *b has no anchor"),
        ("[a]: 1", "f:1:1: a key is a word"),
        ("{a: {{b}}: 1}", "a key is a word"),
        ("a: \x01", "f:1:4: the character U+0001"),
        ("a: \udcff", "f:1:4: the character U+DCFF"),
        ("a: {b: ${X}}", "is quoted"),
        ("x" * 2_000_000, "too large"),
    ],
)
def test_what_cannot_be_read_is_refused_with_one_line(text: str, message: str) -> None:
    assert message in _refused(text)


def test_unknown_tags_are_reported() -> None:
    assert (
        "the tag !!python/object:os.system is not known"
        in _problems("a: !!python/object:os.system x")[0]
    )
    assert "the tag !x is not known" in _problems("a: !x {b: 1}")[0]


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "a: ["])
def test_deep_nesting_is_refused(opening: str) -> None:
    refused = _refused(opening * 50_000)
    assert "nested too deeply" in refused or "not valid YAML" in refused


def test_billion_laughs_are_refused_and_a_few_aliases_are_not() -> None:
    laughs = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"]
    laughs += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    assert "the aliases stand for too many values" in _refused("\n".join(laughs))
    assert len(_read("a: &a [1, 2]\nb: [" + "*a, " * 1000 + "]")["b"]) == 1000


def test_aliases_of_long_texts_count_by_their_length() -> None:
    assert "too many values" in _refused(f"a: &a {'x' * 100_000}\nb: [{'*a, ' * 100}]")


def test_a_first_line_may_start_at_another_column() -> None:
    with pytest.raises(ScenarioError, match=r"--set:1:15"):
        read_yaml("{a: 1, *x : 2}", "--set", {}, column=8)
