"""Where the backlog of a run is read: by the kind of its broker."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from celery import Celery

from orchestrator.client.amqp_check import amqp_link
from orchestrator.environment.broker import is_amqp
from orchestrator.observe.rabbitmq_backlog import RabbitBacklog
from orchestrator.observe.redis_backlog import RedisBacklog
from orchestrator.observe.timeline import Timeline
from orchestrator.records import BrokerInfo, Plan


class Backlog(Protocol):
    """Reads what a broker holds. Raises BrokerUnavailable."""

    async def depths(self) -> dict[str, int]:
        """Messages that wait in each queue; under ``unacked`` those that a worker has and the
        broker keeps, where that is known."""

    async def task_ids(self, outstanding: Mapping[str, Sequence[str]]) -> set[str]:
        """The ids of the tasks that the broker still has. ``outstanding`` are those without a
        result, by queue, in the order in which they were sent."""

    async def aclose(self) -> None: ...


def open_backlog(
    app: Celery,
    url: str,
    queues: Iterable[str],
    *,
    private: bool,
    held: Callable[[], int] | None,
    settings: Mapping[str, Any] | None = None,
) -> Backlog:
    """The backlog of ``queues`` on the broker at ``url``.

    ``private``: the broker is ours alone, so that messages may be taken out and put back. ``held``
    tells how many tasks the workers have taken and not finished; None where nobody sees that.
    ``settings`` are Celery's, and win over the app's.
    """
    if not is_amqp(url):
        return RedisBacklog(app, url, queues)
    link = amqp_link(app, url, settings, "the broker (backlog)")
    return RabbitBacklog(link, queues, private=private, held=held)


def backlog_of_run(plan: Plan, app: Celery, broker: BrokerInfo, timeline: Timeline) -> Backlog:
    """The backlog of all queues of the plan."""
    return open_backlog(
        app,
        broker.url,
        plan.all_queues,
        private=plan.target.private,
        held=None if plan.attach else lambda: len(timeline.held),
        settings=plan.target.settings,
    )
