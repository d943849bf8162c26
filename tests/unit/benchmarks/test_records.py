import math

import pytest

from benchmarks.records import Effort, Row, Sample


@pytest.mark.parametrize(
    ("better", "value", "holds"),
    [
        ("higher", 4.0, True),
        ("higher", 3.9, False),
        ("lower", 4.0, True),
        ("lower", 4.1, False),
    ],
)
def test_a_floor_itself_is_good_enough(better: str, value: float, holds: bool) -> None:
    row = Row("name", "title", "x", 4.0, better)  # type: ignore[arg-type]
    assert row.holds(value) is holds


def test_a_sample_per_task() -> None:
    sample = Sample(tasks=1000, wall_s=0.5, cpu_s=0.25)
    assert (sample.wall_us, sample.cpu_us) == (500.0, 250.0)


def test_an_effort_scales_tasks_and_overrides_rounds() -> None:
    assert (Effort().tasks(10_000), Effort().rounds(3)) == (10_000, 3)
    assert (Effort(scale=0.01).tasks(10_000), Effort(repeats=7).rounds(3)) == (100, 7)
    assert Effort(scale=0.0001).tasks(100) == 2


def test_who_asks_for_rounds_gets_them_whatever_they_take() -> None:
    assert Effort().budget_s(30.0) == 30.0
    assert Effort(repeats=5).budget_s(30.0) == math.inf
