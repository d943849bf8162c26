import click
import pytest

from orchestrator.cli.call import parse_arguments


def test_arguments_are_yaml_and_keywords_have_an_equals_sign() -> None:
    args, kwargs = parse_arguments(("4", "-6", "[1, 2]", "text", "seed=3", "a==b", "1=2"))
    assert args == (4, -6, [1, 2], "text", "1=2")
    assert kwargs == {"seed": 3, "a": "=b"}


def test_what_is_no_yaml_is_refused() -> None:
    with pytest.raises(click.UsageError, match="cannot be read"):
        parse_arguments(("[1, 2",))
