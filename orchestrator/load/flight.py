"""One iteration, from when it is sent to its end."""

from collections.abc import Callable
from typing import Any, Protocol

from orchestrator.client import Handle
from orchestrator.load.clock import now_ns
from orchestrator.records import CanvasOutcome, CanvasState, Submission


class EndRecorder(Protocol):
    """Who is told how an iteration ended."""

    def ended(self, outcome: CanvasOutcome, value: Any) -> None: ...


class Flight:
    """Is recorded once, at its first end: that of its canvas, `expire`, `fail` or `stop`.

    ``over`` is called right after that, with this flight."""

    __slots__ = ("_handle", "_over", "_recorder", "deadline_ns", "published_ns", "sent_ns", "state",
                 "submission")  # fmt: skip

    def __init__(
        self,
        submission: Submission,
        deadline_ns: int,
        recorder: EndRecorder,
        over: Callable[["Flight"], None],
    ) -> None:
        self.submission = submission
        self.deadline_ns = deadline_ns
        self.sent_ns = 0
        self.published_ns = 0
        self.state: CanvasState | None = None
        self._recorder = recorder
        self._over = over
        self._handle: Handle | None = None

    def follow(self, handle: Handle) -> None:
        """It is with the broker. Raises `ResultsDisabled` when nobody will hear of its end."""
        if self.state is None:  # else it was stopped on its way to the broker
            self._handle = handle
            handle.on_end(self._canvas_ended)

    @property
    def overdue(self) -> bool:
        """Its canvas's time is up, counted from when it was intended."""
        return now_ns() >= self.deadline_ns

    def expire(self, timeout_s: float) -> None:
        """Its canvas has not ended in time."""
        ids = "" if self._handle is None else f" of {self._handle.id}"
        self._end(
            "timeout",
            error=f"ResultTimeout: no result{ids} within {timeout_s:g} s; the task was not stopped",
        )

    def fail(self, error: BaseException) -> None:
        """A task of it raised, or it could not be sent."""
        self._end("failed", error=f"{type(error).__name__}: {error}")

    def stop(self) -> None:
        """Nobody waits for it any more."""
        self._end("stopped")

    def _canvas_ended(self) -> None:
        handle = self._handle
        if handle is None or not handle.done():  # the client was closed
            return self.stop()
        outcome = handle.outcome()
        if outcome.error is not None:
            self.fail(outcome.error)
        else:
            self._end("ok", value=outcome.value)

    def _end(self, state: CanvasState, *, value: Any = None, error: str | None = None) -> None:
        if self.state is not None:
            return
        self.state = state
        self._handle = None
        ended_ns = now_ns()
        submission = self.submission
        outcome = CanvasOutcome(
            workload=submission.workload,
            iteration=submission.iteration,
            intended_ns=submission.intended_ns,
            sent_ns=self.sent_ns,
            published_ns=self.published_ns,
            seen_ns=ended_ns if state in ("ok", "failed") else None,
            state=state,
            error=error,
            ended_ns=ended_ns,
        )
        self._recorder.ended(outcome, value)
        self._over(self)
