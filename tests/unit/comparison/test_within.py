from pathlib import Path

import pytest

from orchestrator.comparison.within import WithinRun
from orchestrator.records import FigureKey
from tests.unit.comparison.stored_sides import SOURCE, TASKS, stored, tasks
from tests.unit.report.result_factory import MS, S, make_plan, make_sample, make_task

MEDIAN = FigureKey("task_duration", "p", 50.0)
THROUGHPUT = FigureKey("throughput", "rate")
CPU = FigureKey("worker_cpu_s_per_1000_tasks", "value")


def test_a_steady_run_knows_its_figures_well(tmp_path: Path) -> None:
    within = WithinRun(stored(tmp_path), 1)
    assert within.blocks == 20
    for key in (
        MEDIAN,
        THROUGHPUT,
        CPU,
        FigureKey("run", "p", 95.0),
        FigureKey("queue_wait", "avg"),
        FigureKey("canvas_duration", "p", 50.0),
        FigureKey("canvas_duration", "p", 50.0, ("workload", "sums")),
        FigureKey("run", "p", 50.0, ("task", "add_module.tasks.add")),
        FigureKey("run", "p", 50.0, ("queue", "add")),
        FigureKey("throughput", "rate", None, ("workload", "sums")),
    ):
        error = within.error(key)
        assert error is not None, key
        assert 0 <= error < 0.03, key


def test_the_same_run_says_the_same(tmp_path: Path) -> None:
    run = stored(tmp_path)
    assert WithinRun(run, 1).error(MEDIAN) == WithinRun(run, 1).error(MEDIAN)


def test_a_run_that_changes_on_the_way_knows_its_figures_badly(tmp_path: Path) -> None:
    first, second = tasks(), tasks(slower=3.0)
    mixed = [*first[:500], *second[500:]]
    steady, changing = stored(tmp_path / "1"), stored(tmp_path / "2", outcomes=mixed)
    key = FigureKey("run", "avg")
    errors = [WithinRun(run, 1).error(key) or 0.0 for run in (steady, changing)]
    assert errors[0] < 0.01
    assert errors[1] > 0.3


def test_tasks_as_long_as_a_block_are_no_bursts(tmp_path: Path) -> None:
    """Ten tasks run side by side for half a second, and then the next ten."""
    bursts = [
        make_task(
            number,
            **{
                f"{point}_ns": 10**9 + number // 10 * 500 * MS + offset * MS
                for point, offset in (
                    ("intended", 0), ("sent", 1), ("published", 2), ("received", 3),
                    ("started", 5), ("finished", 495), ("seen", 498),
                )
            },
        )
        for number in range(200)
    ]  # fmt: skip
    error = WithinRun(stored(tmp_path, outcomes=bursts), 1).error(THROUGHPUT)
    assert error is not None
    assert error < 0.02


def test_the_warm_up_is_left_out(tmp_path: Path) -> None:
    slow = [
        make_task(
            number, measured=False, started_ns=10**9, finished_ns=3 * 10**9, seen_ns=3 * 10**9
        )
        for number in range(50)
    ]
    plan = make_plan(source={**SOURCE, "warmup": "2s"}, warmup_s=2.0)
    run = stored(tmp_path, outcomes=[*slow, *tasks()[200:]], plan=plan)
    within = WithinRun(run, 1)
    longest = within.error(FigureKey("run", "avg"))
    assert longest is not None
    assert longest < 0.02


@pytest.mark.parametrize(
    "key",
    [
        FigureKey("worker_rss_bytes", "max"),
        FigureKey("run", "max"),
        FigureKey("chord_join", "p", 50.0),
        FigureKey("run", "p", 50.0, ("task", "nothing")),
        FigureKey("worker_cpu_s_per_1000_tasks", "value", None, ("pool", "add")),
    ],
)
def test_what_cannot_be_told_is_none(tmp_path: Path, key: FigureKey) -> None:
    assert WithinRun(stored(tmp_path), 1).error(key) is None


def test_a_run_of_a_second_or_without_tasks_says_nothing(tmp_path: Path) -> None:
    short = WithinRun(stored(tmp_path / "1", outcomes=tasks()[:100]), 1)
    assert (short.blocks, short.error(MEDIAN), short.error(THROUGHPUT)) == (0, None, None)
    empty = WithinRun(stored(tmp_path / "2", outcomes=[]), 1)
    assert empty.error(MEDIAN) is None


def test_too_few_samples_say_nothing_of_cpu(tmp_path: Path) -> None:
    run = stored(tmp_path, samples=[make_sample(second) for second in range(4)])
    assert WithinRun(run, 1).error(CPU) is None


def test_a_tail_is_not_known_better_than_the_median(tmp_path: Path) -> None:
    """A backlog comes and goes: its top is flat, its median is anywhere."""
    delays_ms = [min(n, TASKS - n, 300) * 5 for n in range(TASKS)]
    waiting = [
        make_task(n, **{f"{name}_ns": S + n * 10 * MS + delay * MS for name, delay in points})
        for n, delay_ms in enumerate(delays_ms)
        for points in [
            (
                ("intended", 0), ("sent", 0), ("published", 0), ("received", delay_ms),
                ("started", delay_ms), ("finished", delay_ms + 5), ("seen", delay_ms + 6),
            )
        ]
    ]  # fmt: skip
    within = WithinRun(stored(tmp_path, outcomes=waiting), 1)
    errors = [within.error(FigureKey("queue_wait", "p", percent)) for percent in (50.0, 95.0)]
    assert errors[0] is not None
    assert errors[1] is not None
    assert errors[1] >= errors[0] > 0.05
