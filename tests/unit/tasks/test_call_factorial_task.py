"""The client prints all digits of 20000!."""

import math
import sys
from collections.abc import Iterator

import pytest

from tasks import call_factorial_task
from tasks.factorial_module import app


@pytest.fixture
def any_digits() -> Iterator[None]:
    """Restore the limit that the client lifts in its own process."""
    limit = sys.get_int_max_str_digits()
    yield
    sys.set_int_max_str_digits(limit)


@pytest.mark.usefixtures("any_digits")
def test_it_prints_the_number(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(app.conf, "task_always_eager", True)
    call_factorial_task.main()
    assert capsys.readouterr().out == f"{math.factorial(20_000)}\n"
