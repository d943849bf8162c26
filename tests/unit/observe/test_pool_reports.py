from dataclasses import replace

from orchestrator.environment.pools import PoolStatus
from orchestrator.observe.pool_reports import attached_reports, pool_reports
from orchestrator.observe.process_sampler import Usage
from orchestrator.observe.series import Series
from orchestrator.observe.timeline_context import Counts
from orchestrator.records import Outcome, PoolPlan


def outcome(pool: str, executions: int | None) -> Outcome:
    return Outcome(
        "id", "m.add", "add", pool, "w", "w", 0, {}, True, 1, 1, 1, 1, 1, 1, 1, "SUCCESS",
        executions, 0, 1, True, False, False, True,
    )  # fmt: skip


def test_a_report_joins_status_usage_and_the_tasks_that_ran() -> None:
    series = Series(Counts(), in_flight=lambda: 0, pids=lambda: {}, backlog=None)
    series.usage = {"add": Usage(1.5, 100)}
    series.rss_max_bytes = {"add": 200}
    plan = PoolPlan("add", ("add",))
    status = PoolStatus(plan, pids=(), startup_s=0.7, exit_codes=(0,), names=("add",))
    outcomes = [outcome("add", 1), outcome("add", 0), outcome("other", 1), outcome("add", 2)]
    (report,) = pool_reports([status], series, outcomes)
    assert (report.tasks, report.cpu_s, report.rss_max_bytes) == (2, 1.5, 200)
    assert (report.startup_s, report.exit_codes) == (0.7, (0,))


def test_a_pool_that_was_never_sampled_used_nothing_that_we_know() -> None:
    series = Series(Counts(), in_flight=lambda: 0, pids=lambda: {}, backlog=None)
    plan = PoolPlan("add", ("add",))
    status = PoolStatus(plan, pids=(), startup_s=0.0, exit_codes=(), names=("add",))
    (report,) = pool_reports([status], series, [])
    assert (report.cpu_s, report.rss_max_bytes, report.tasks) == (0.0, 0, 0)


class Probes:
    def __init__(self, **pids: set[int]) -> None:
        self.pids = pids


def test_children_that_came_in_the_place_of_others_are_restarts() -> None:
    series = Series(Counts(), in_flight=lambda: 0, pids=lambda: {}, backlog=None)
    family = series.family("add")
    family.roots, family.children, family.most_children = {1}, {10, 11}, 2
    plan = PoolPlan("add", ("add",), "prefork", concurrency=2)
    status = PoolStatus(plan, pids=(), startup_s=0.0, exit_codes=(), names=("add",))
    (report,) = pool_reports([status], series, [], Probes(add={1, 10, 12, 13}))
    assert report.restarts == 2
    (quiet,) = pool_reports([status], series, [], Probes(add={1, 10}))
    assert quiet.restarts == 0


def test_a_worker_that_was_started_again_is_a_restart_and_its_children_are_not() -> None:
    series = Series(Counts(), in_flight=lambda: 0, pids=lambda: {}, backlog=None)
    family = series.family("add")
    family.roots, family.children, family.most_children = {1, 2}, {10, 11}, 2
    plan = PoolPlan("add", ("add",), "prefork", concurrency=2)
    status = PoolStatus(plan, pids=(), startup_s=0.0, exit_codes=(-9,), names=("add", "add~2"))
    probes = Probes()
    probes.pids = {"add": {1, 10, 11}, "add~2": {2, 20, 21}}
    (report,) = pool_reports([status], series, [], probes)
    assert report.restarts == 1
    probes.pids["add"].add(12)  # in the place of another
    (report,) = pool_reports([status], series, [], probes)
    assert report.restarts == 2
    threads = replace(status, plan=replace(plan, pool="threads"))
    (report,) = pool_reports([threads], series, [], probes)
    assert report.restarts == 1


def test_of_attached_workers_only_the_tasks_are_known() -> None:
    plan = PoolPlan("add@there", ("add",), "threads", 4)
    outcomes = [outcome("add@there", None), outcome("add@there", 1), outcome("", None)]
    (report,) = attached_reports([plan], outcomes)
    assert (report.name, report.pool, report.concurrency, report.tasks) == (
        "add@there",
        "threads",
        4,
        2,
    )
    assert (report.cpu_s, report.rss_max_bytes, report.restarts) == (None, None, None)
