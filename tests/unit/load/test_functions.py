import math

import pytest

from orchestrator.errors import UsageError
from orchestrator.load.functions import load_function


def test_a_function_is_found() -> None:
    assert load_function("math:factorial") is math.factorial


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("no_such_module_at_all:x", "cannot import"),
        ("math:nothing", "not a function"),
        ("math", "not a function"),
    ],
)
def test_what_is_no_function_is_said(spec: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        load_function(spec)
