from pathlib import Path
from typing import Any

import pytest

from orchestrator.comparison.figures import HEADLINE, details, resolved, value
from orchestrator.comparison.sides import StoredSummary
from orchestrator.errors import UsageError
from orchestrator.records import FigureKey
from orchestrator.report.summary import summary
from tests.unit.report.result_factory import make_result, make_task

CPU = "worker_cpu_s_per_1000_tasks"


def document(**changes: Any) -> dict[str, Any]:
    return summary(make_result(**changes))


def run(**changes: Any) -> StoredSummary:
    return StoredSummary(Path("run"), document(**changes), None)


@pytest.mark.parametrize(
    ("key", "path"),
    [
        (FigureKey("throughput", "rate"), "rates.throughput_per_s"),
        (FigureKey("verified", "rate"), "rates.verified_ratio"),
        (FigureKey("task_duration", "p", 95.0), "metrics.task_duration.p95_ms"),
        (FigureKey("run", "p", 99.9), "metrics.run.p99_9_ms"),
        (FigureKey("run", "avg"), "metrics.run.avg_ms"),
        (
            FigureKey("run", "p", 50.0, ("task", "add_module.tasks.add")),
            "by_task.add_module/tasks/add.run.p50_ms",
        ),
        (FigureKey("run", "max", None, ("queue", "add")), "by_queue.add.run.max_ms"),
        (
            FigureKey("canvas_duration", "p", 50.0, ("workload", "sums")),
            "workloads.sums.metrics.canvas_duration.p50_ms",
        ),
        (FigureKey("throughput", "rate", None, ("workload", "sums")),
         "workloads.sums.throughput_per_s"),
        (FigureKey("tasks_sent", "count"), "counters.tasks_sent"),
        (FigureKey("dropped_iterations", "count", None, ("workload", "sums")),
         "workloads.sums.dropped_iterations"),
        (FigureKey("worker_rss_bytes", "max", None, ("pool", "add")), "workers.add.rss_max_bytes"),
    ],
)  # fmt: skip
def test_a_figure_is_what_the_summary_has(key: FigureKey, path: str) -> None:
    found: Any = document()
    expected = found
    for part in path.split("."):
        expected = expected[part.replace("/", ".")]
    assert value(found, key) == expected


def test_what_workers_used_is_added_up() -> None:
    found = document()
    assert value(found, FigureKey(CPU, "value")) == pytest.approx(2 * 5.25 / (2 * 1234) * 1000)
    assert value(found, FigureKey("worker_rss_bytes", "max")) == 240 * 2**20
    assert value(found, FigureKey(CPU, "value", None, ("pool", "add"))) == pytest.approx(
        5.25 / 1.234
    )


def test_what_was_not_measured_is_none() -> None:
    found = document(pools=())
    lost = document(outcomes=[make_task(0, seen_ns=None, results=0, state="PENDING", matched=None)])
    nothing = ("task", "nothing")
    assert value(found, FigureKey(CPU, "value")) is None
    assert value(found, FigureKey("worker_rss_bytes", "max")) is None
    assert value(found, FigureKey("chord_join", "p", 50.0)) is None
    assert value(found, FigureKey("run", "p", 50.0, nothing)) is None
    assert value(found, FigureKey("drain_rate", "rate", None, ("workload", "sums"))) is None
    assert value(found, FigureKey("dropped_iterations", "count", None, ("workload", "x"))) is None
    assert value(lost, FigureKey("task_duration", "p", 50.0)) is None


def test_details_are_those_that_say_more_than_the_headline() -> None:
    alike = list(map(str, details([run()])))
    assert "run p(95)" in alike
    assert "task_duration p(99)" in alike
    assert not [name for name in alike if "chord_join" in name or "{task" in name]
    assert not set(alike) & set(map(str, HEADLINE))
    assert len(alike) == len(set(alike))
    two = [*(make_task(n) for n in range(5)), make_task(9, task="other.mul", workload="factorials")]
    several = list(map(str, details([run(outcomes=two)])))
    assert "run{task:other.mul} p(50)" in several
    assert "throughput{workload:sums}" in several
    assert "worker_rss_bytes{pool:factorial} max" in several


def test_a_task_may_be_named_by_the_last_part_of_its_name() -> None:
    key = FigureKey("run", "avg", None, ("task", "add"))
    assert resolved(key, [run()]).tag == ("task", "add_module.tasks.add")
    plain = FigureKey("throughput", "rate")
    assert resolved(plain, [run()]) is plain


def test_a_name_that_no_run_has_is_an_error_that_lists_them() -> None:
    key = FigureKey("run", "avg", None, ("task", "nap"))
    with pytest.raises(UsageError, match=r"have no task 'nap': add_module\.tasks\.add"):
        resolved(key, [run()])
    both = run(outcomes=[make_task(0, task="a.add"), make_task(1, task="b.add")])
    with pytest.raises(UsageError, match=r"several of task 'add': a\.add, b\.add"):
        resolved(FigureKey("run", "avg", None, ("task", "add")), [both])
