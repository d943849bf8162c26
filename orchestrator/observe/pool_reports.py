"""What each pool was and used, from its processes, the samples and the outcomes."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Protocol

from orchestrator.environment.pools import PoolStatus
from orchestrator.observe.process_sampler import Usage
from orchestrator.observe.series import Series
from orchestrator.records import Outcome, PoolPlan, PoolReport


class Probes(Protocol):
    """Which processes of a pool's workers have ever said something."""

    @property
    def pids(self) -> Mapping[str, set[int]]: ...


def pool_reports(
    statuses: Iterable[PoolStatus],
    series: Series,
    outcomes: Iterable[Outcome],
    probes: Probes | None = None,
) -> tuple[PoolReport, ...]:
    """One report for each pool; ``tasks`` counts the tasks that it executed."""
    tasks = Counter(outcome.pool for outcome in outcomes if outcome.executions)
    heard = probes.pids if probes is not None else {}
    return tuple(_report(status, series, tasks[status.plan.name], heard) for status in statuses)


def attached_reports(
    plans: Iterable[PoolPlan], outcomes: Iterable[Outcome]
) -> tuple[PoolReport, ...]:
    """As `pool_reports`, of workers that are not ours: ``tasks`` are those of which it is known
    that they executed them (they said so, or nobody else consumes that queue); what they used is
    unknown."""
    tasks = Counter(outcome.pool for outcome in outcomes if outcome.results or outcome.executions)
    return tuple(
        PoolReport(
            name=plan.name,
            pool=plan.pool,
            concurrency=plan.concurrency,
            queues=plan.queues,
            tasks=tasks[plan.name],
            cpu_s=None,
            rss_max_bytes=None,
            restarts=None,
            exit_codes=(),
            startup_s=None,
        )
        for plan in plans
    )


def _report(
    status: PoolStatus, series: Series, tasks: int, heard: Mapping[str, set[int]]
) -> PoolReport:
    plan = status.plan
    return PoolReport(
        name=plan.name,
        pool=plan.pool,
        concurrency=plan.concurrency,
        queues=plan.queues,
        tasks=tasks,
        cpu_s=series.usage.get(plan.name, Usage()).cpu_s,
        rss_max_bytes=series.rss_max_bytes.get(plan.name, 0),
        restarts=_restarts(status, series, heard),
        exit_codes=status.exit_codes,
        startup_s=status.startup_s,
    )


def _restarts(status: PoolStatus, series: Series, heard: Mapping[str, set[int]]) -> int:
    """Workers that were started again after a fault; and prefork children beyond those that there
    were at a time: each came in the place of another (`--max-tasks-per-child`, a hard time limit, a
    crash). Those that ran a task have said so; those that ran none were seen by the sampler."""
    plan = status.plan
    again = max(0, len(status.names) - plan.count)
    if plan.pool != "prefork":
        return again
    family = series.family(plan.name)
    said = [heard.get(name, set()) - family.roots for name in status.names]
    if again:  # which worker's child one was that ran nothing is not known
        return again + sum(max(0, len(children) - plan.concurrency) for children in said)
    children = family.children.union(*said) - family.roots
    return max(0, len(children) - max(family.most_children, plan.concurrency * plan.count))
