from typing import Any, ClassVar, Literal

import pytest
from pydantic import Field, ValidationError

from orchestrator.scenario.strict_model import MAX_PROBLEMS, UNKNOWN_KEY, StrictModel, tag


class Inner(StrictModel):
    described_as: ClassVar[str] = "an inner one"

    number: int = Field(ge=1, le=1000)
    kind: Literal["red", "green"] = "red"


class Outer(StrictModel):
    inner: Inner
    many: list[Inner] = Field(default=[])
    text: str = Field(default="", max_length=5)


def _errors(data: Any) -> list[tuple[tuple[int | str, ...], str, str]]:
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate(data)
    return [(error["loc"], error["type"], error["msg"]) for error in caught.value.errors()]


@pytest.mark.parametrize(
    ("data", "loc", "message"),
    [
        ({}, ("inner",), "the key inner is missing"),
        ({"inner": 5}, ("inner",), "a mapping is needed, not 5"),
        ({"inner": {"number": "5"}}, ("inner", "number"), "a whole number is needed, not '5'"),
        ({"inner": {"number": 1.5}}, ("inner", "number"), "a whole number is needed, not 1.5"),
        ({"inner": {"number": True}}, ("inner", "number"), "a whole number is needed, not true"),
        ({"inner": {"number": None}}, ("inner", "number"), "a whole number is needed, not null"),
        ({"inner": {"number": 0}}, ("inner", "number"), "0 is out of range: at least 1 is needed"),
        (
            {"inner": {"number": 10**6}},
            ("inner", "number"),
            "1000000 is out of range: at most 1,000",
        ),
        (
            {"inner": {"number": 1, "kind": "gren"}},
            ("inner", "kind"),
            "'gren' is not one of red, green (did you mean 'green'?)",
        ),
        (
            {"inner": {"number": 1}, "text": 5},
            ("text",),
            'a string is needed, not 5 (quote it: "5")',
        ),
        ({"inner": {"number": 1}, "text": "123456"}, ("text",), "too long: at most 5 characters"),
        ({"inner": {"number": 1}, "many": {}}, ("many",), "a list is needed, not a mapping"),
    ],
)
def test_messages_are_for_people(data: Any, loc: tuple[int | str, ...], message: str) -> None:
    assert [(where, said[: len(message)]) for where, _, said in _errors(data)] == [(loc, message)]


def test_unknown_keys_are_told_from_their_own_mapping() -> None:
    found = _errors({"inner": {"numbr": 1, "zzz": 2}, "many": [{"number": 1, "knd": 1}]})
    assert set(found) == {
        (("inner", "number"), "problem", "the key number is missing"),
        (("inner", "numbr"), UNKNOWN_KEY, "unknown key (did you mean 'number'?)"),
        (("inner", "zzz"), UNKNOWN_KEY, "unknown key: an inner one takes number, kind"),
        (("many", 0, "knd"), UNKNOWN_KEY, "unknown key (did you mean 'kind'?)"),
    }


def test_messages_may_hold_braces() -> None:
    assert "'{x}'" in _errors({"inner": {"number": "{x}"}})[0][2]


def test_a_flood_of_problems_is_cut() -> None:
    assert len(_errors({"inner": {"number": 1}, "many": [{}] * 10_000})) == MAX_PROBLEMS + 1


def test_a_tag_is_no_key_that_a_file_can_hold() -> None:
    assert tag("task") == "\0task"
