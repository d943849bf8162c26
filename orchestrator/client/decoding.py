"""A result message becomes a `TaskResult`; what it means is for the app's own backend to say."""

from typing import Any

import celery.result
from celery import states

from orchestrator.records import TaskResult


class ResultDecoder:
    """Decodes as stock `get()` does: serializer, accepted content, compression, exceptions."""

    __slots__ = ("_backend",)

    def __init__(self, backend: Any) -> None:
        self._backend = backend

    def decode(self, task_id: str, payload: bytes, seen_ns: int) -> TaskResult | None:
        """The result, or None while the task has not ended (STARTED, RETRY, the user's own states).

        What cannot be decoded is a FAILURE whose error is that of the decoder, as `get()` raises
        it.
        """
        try:
            meta = self._backend.decode(payload)
            if meta["status"] not in states.READY_STATES:
                return None
            meta = self._backend.meta_from_decoded(meta)
        except Exception as exc:  # any serializer may raise anything; the waiter must hear of it
            return TaskResult(task_id, states.FAILURE, None, exc, seen_ns)
        return task_result(task_id, meta, seen_ns)


def task_result(task_id: str, meta: dict[str, Any], seen_ns: int) -> TaskResult:
    """The result that a backend's decoded meta describes."""
    state, value, traceback = meta["status"], meta["result"], meta.get("traceback")
    if state not in states.EXCEPTION_STATES:
        return TaskResult(task_id, state, value, None, seen_ns, traceback)
    if not isinstance(value, BaseException):
        value = Exception(f"the task ended as {state} and left {value!r}")
    return TaskResult(task_id, state, None, value, seen_ns, traceback)


def raise_error(result: TaskResult, app: Any) -> None:
    """Raise what the task raised, with its remote traceback where stock does that."""
    assert result.error is not None
    remote = None
    tblib = celery.result.tblib
    if result.traceback and tblib is not None and app.conf.task_remote_tracebacks:
        remote = tblib.Traceback.from_string(result.traceback).as_traceback()
    raise result.error.with_traceback(remote)
