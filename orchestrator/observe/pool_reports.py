"""What each pool was and used, from its processes, the samples and the outcomes."""

from collections import Counter
from collections.abc import Iterable

from orchestrator.environment.pools import PoolStatus
from orchestrator.observe.process_sampler import Usage
from orchestrator.observe.series import Series
from orchestrator.records import Outcome, PoolReport


def pool_reports(
    statuses: Iterable[PoolStatus], series: Series, outcomes: Iterable[Outcome]
) -> tuple[PoolReport, ...]:
    """One report for each pool; ``tasks`` counts the tasks that it executed."""
    tasks = Counter(outcome.pool for outcome in outcomes if outcome.executions)
    return tuple(_report(status, series, tasks[status.plan.name]) for status in statuses)


def _report(status: PoolStatus, series: Series, tasks: int) -> PoolReport:
    plan = status.plan
    return PoolReport(
        name=plan.name,
        pool=plan.pool,
        concurrency=plan.concurrency,
        queues=plan.queues,
        tasks=tasks,
        cpu_s=series.usage.get(plan.name, Usage()).cpu_s,
        rss_max_bytes=series.rss_max_bytes.get(plan.name, 0),
        restarts=0,
        exit_codes=status.exit_codes,
        startup_s=status.startup_s,
    )
