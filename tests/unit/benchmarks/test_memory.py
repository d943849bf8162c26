import pytest

from benchmarks.contenders.ours import in_flight_of
from benchmarks.experiments import memory
from benchmarks.records import Effort, Sample

QUICK = Sample(tasks=1000, wall_s=0.01, cpu_s=0.01)
SLOW = Sample(tasks=1000, wall_s=0.3, cpu_s=0.3)


@pytest.mark.parametrize("in_flight", [2, 3, 7, 100, 12_345, 1_000_000])
def test_the_stream_has_as_many_in_flight_as_the_worker_holds(in_flight: int) -> None:
    assert in_flight_of(in_flight * 3 // 2) >= in_flight


def test_a_quick_client_gets_the_million() -> None:
    assert memory._affordable(1_000_000, QUICK) == 1_000_000
    assert memory._notes(Effort(), 1_000_000) == []


def test_a_slow_one_gets_what_the_time_allows_and_the_report_says_so() -> None:
    affordable = memory._affordable(1_000_000, SLOW)
    assert affordable == 100_000
    (note,) = memory._notes(Effort(), affordable)
    assert note.startswith("memory: 100,000 in flight instead of 1,000,000")
