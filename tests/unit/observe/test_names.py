"""Texts by number."""

from orchestrator.observe.names import Names


def test_each_value_has_one_number_and_comes_back() -> None:
    names = Names("known")
    assert [names.number(value) for value in ("a", "known", "b", "a")] == [1, 0, 2, 1]
    assert [names[number] for number in range(3)] == ["known", "a", "b"]
