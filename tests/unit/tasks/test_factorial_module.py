"""factorial is exact, agrees with the standard library and refuses bad arguments."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.factorial_module import app, factorial_of_n


def test_it_is_the_tutorials_task() -> None:
    assert app.main == "factorial_module"
    assert factorial_of_n.name == "factorial_module.tasks.factorial"
    assert factorial_of_n(5) == 120


def test_the_tutorials_own_call() -> None:
    assert factorial_of_n.apply((20_000,)).get() == math.factorial(20_000)


@given(st.integers(0, 3000))
@settings(deadline=None)
def test_the_reference_agrees(n: int) -> None:
    assert factorial_of_n.apply((n,)).get() == factorial_of_n.reference(n)


@pytest.mark.parametrize("n", [-1, 1.0, True, "5", None, 200_001])
def test_bad_arguments(n: Any) -> None:
    for function in (factorial_of_n, factorial_of_n.reference):
        with pytest.raises(ValueError, match="n must be"):
            function(n)


def test_the_limit_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKS_MAX_FACTORIAL", "3")
    assert factorial_of_n(3) == 6
    with pytest.raises(ValueError, match="n must be at most 3, got 4"):
        factorial_of_n(4)
