"""What sending by AMQP can raise, besides what every broker can."""

from collections.abc import Sequence

from orchestrator.client.failures import Unroutable
from orchestrator.errors import ClientError


class DeclarationRefused(ClientError):
    """The broker refused to declare a queue or an exchange; nothing was sent. Most often it exists
    with other arguments (durable, x-max-priority, x-queue-type): make the app's queue the same."""


class UnroutableTasks(Unroutable):
    """No queue is bound to the exchange with this key: the broker did not keep the tasks.

    ``task_ids`` are the tasks that were not kept; the others of the same submit were sent.
    """

    def __init__(self, message: str | None = None, *, task_ids: Sequence[str] = ()) -> None:
        self.task_ids: tuple[str, ...] = tuple(task_ids)
        super().__init__(message)
