from typing import Any

import pytest

from benchmarks.interleaved import WARM_UP_TASKS, interleaved, rounds_within
from benchmarks.records import Sample


class FakeContender:
    def __init__(self, name: str, log: list[tuple[str, int]]) -> None:
        self.name = name
        self.log = log

    async def repeat(self, tasks: int) -> Sample:
        self.log.append((self.name, tasks))
        return Sample(tasks, 1.0, 1.0)


async def test_sides_take_turns_after_a_small_round_that_does_not_count() -> None:
    log: list[tuple[str, int]] = []
    contenders: Any = {name: FakeContender(name, log) for name in ("a", "b")}
    checked: list[Sample] = []

    async def after(sample: Sample) -> None:
        checked.append(sample)

    samples = await interleaved(contenders, tasks=1000, rounds=2, budget_s=60, after=after)
    small, whole = [("a", WARM_UP_TASKS), ("b", WARM_UP_TASKS)], [("a", 1000), ("b", 1000)]
    assert log == [*small, *whole, *whole]
    assert [sample.tasks for sample in samples["a"]] == [1000, 1000]
    assert len(checked) == 6


@pytest.mark.parametrize(
    ("budget_s", "rounds"), [(100, [1, 2, 3, 4]), (35, [1, 2, 3]), (1, [1, 2])]
)
def test_rounds_end_when_the_next_would_take_too_long(budget_s: float, rounds: list[int]) -> None:
    seconds = iter(range(0, 1000, 10))
    assert list(rounds_within(4, budget_s, clock=lambda: next(seconds))) == rounds
