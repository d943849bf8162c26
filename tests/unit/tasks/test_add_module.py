"""add returns x + y, and so does its reference."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.add_module import add_two_numbers, app


def test_it_is_the_tutorials_task() -> None:
    assert app.main == "add_module"
    assert add_two_numbers.name == "add_module.tasks.add"
    assert add_two_numbers(4, 6) == 10


@given(st.integers() | st.floats(allow_nan=False), st.integers() | st.floats(-1e9, 1e9))
@settings(deadline=None)
def test_the_reference_agrees(x: float, y: float) -> None:
    assert add_two_numbers.apply((x, y)).get() == add_two_numbers.reference(x=x, y=y)
