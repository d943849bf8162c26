"""What waiting for a result can raise, besides what the task itself raised."""

from collections.abc import Sequence

import celery.exceptions

from orchestrator.errors import ClientError, NotSupported, PublishUncertain


class ResultTimeout(ClientError, celery.exceptions.TimeoutError, TimeoutError):
    """The result did not arrive in time; the task was not stopped (see `handle.revoke()`)."""

    # All three, so that code written for stock `get()`, for asyncio or for this client catches it.


class PublishTimeout(PublishUncertain, ResultTimeout):
    """The broker did not confirm in time what was sent to it: it may have arrived. It was not sent
    again, because that could run it twice."""


class ResultsDisabled(NotSupported, NotImplementedError):
    """The app has no result backend, so there is no result to wait for; set `result_backend`."""


class EmptyCanvas(ClientError, ValueError):
    """The canvas is empty: there is nothing to send and there will be no result."""


class Unroutable(ClientError):
    """No queue is bound to the exchange with this key: the broker would drop the message."""


class ProducerFailed(ClientError):
    """The generator that gave the members of a group or chord raised, when some of them had been
    sent; ``task_ids`` has those. What it raised is the cause."""

    def __init__(self, message: str | None = None, *, task_ids: Sequence[str] = ()) -> None:
        self.task_ids: tuple[str, ...] = tuple(task_ids)
        super().__init__(message)
