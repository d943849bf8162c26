from typing import Any

import pytest

from orchestrator.scenario.scalars import resolve, substitute, tagged


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("10", 10),
        ("-3", -3),
        ("+7", 7),
        ("0", 0),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
    ],
)
def test_plain_scalars_have_the_types_of_yaml_1_2(text: str, value: Any) -> None:
    resolved = resolve(text)
    assert resolved == value
    assert type(resolved) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "no",
        "yes",
        "on",
        "off",
        "NO",
        "y",
        "n",
        "010",
        "0x10",
        "0o7",
        "10:30",
        "2026-01-31",
        "1_000",
        "1s",
        "-5s",
        "+",
        "-",
        ".",
        "e5",
        ".e1",
        "_",
        "+-1",
        "٣",
    ],
)
def test_the_surprises_of_yaml_1_1_stay_strings(text: str) -> None:
    assert resolve(text) == text


@pytest.mark.parametrize("text", [".inf", "-.INF", ".NaN", "1e999", "9" * 5000])
def test_numbers_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"finite|too l"):
        resolve(text)


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("${A}", "1"),
        ("x${A}y${B}", "x1y2"),
        ("${NO:-d}", "d"),
        ("${NO:-}", ""),
        ("${EMPTY:-d}", "d"),
        ("${EMPTY}", ""),
        ("${A:-d}", "1"),
        ("${URL:-redis://h:1/0}", "redis://h:1/0"),
        ("$$", "$"),
        ("$${A}", "${A}"),
        ("$A $ 5$", "$A $ 5$"),
    ],
)
def test_variables_are_filled_in(text: str, filled: str) -> None:
    assert substitute(text, {"A": "1", "B": "2", "EMPTY": ""}) == filled


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${NO}", "NO is not set: set it, or write ${NO:-default}"),
        ("${A", "without its }"),
        ("${}", "is not a variable"),
        ("${1x}", "is not a variable"),
        ("${A:-${B}", None),
        ("${BAD}", "not valid UTF-8"),
    ],
)
def test_variables_that_cannot_be_filled_in(text: str, message: str | None) -> None:
    environ = {"A": "1", "BAD": "\udcff"}
    if message is None:
        assert substitute(text, environ) == "1"
        return
    with pytest.raises(ValueError) as caught:
        substitute(text, environ)
    assert message in str(caught.value)


def test_variables_cannot_blow_a_text_up() -> None:
    with pytest.raises(ValueError, match="too long"):
        substitute("${A}" * 100, {"A": "x" * 100_000})


def test_explicit_tags() -> None:
    core = "tag:yaml.org,2002:"
    assert tagged("10", core + "str") == "10"
    assert tagged("10", "!") == "10"
    assert tagged("10", core + "int") == 10
    assert tagged("10", core + "float") == 10.0
    with pytest.raises(ValueError, match="not of the type !!int"):
        tagged("true", core + "int")
    with pytest.raises(ValueError, match="not known"):
        tagged("x", core + "python/name:os.system")
