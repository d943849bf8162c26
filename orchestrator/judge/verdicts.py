"""One verdict for each task that was sent. The order of the rules is the order of precedence."""

from dataclasses import dataclass

from orchestrator.judge.verify import NotRun
from orchestrator.records import Outcome, Verdict

FAILED_STATES = frozenset({"FAILURE", "REVOKED", "REJECTED"})


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict and, unless it is an unremarkable ok, the reason for it."""

    verdict: Verdict
    reason: str | None = None


OK = Judged("ok")


def judged(outcome: Outcome, not_run: NotRun | None = None) -> Judged:
    """The verdict of ``outcome``.

    ``not_run`` is what `Checker.not_run` says of the task: a task whose input failed cannot run,
    and is not lost.
    """
    if (duplicate := _duplicate(outcome)) is not None:
        return duplicate
    if outcome.results > 0:
        return _with_result(outcome)
    if outcome.ignored and outcome.executions != 0:
        return OK
    return _without_result(outcome, not_run)


def verdict(outcome: Outcome, not_run: NotRun | None = None) -> Verdict:
    """The verdict of ``outcome`` alone; see `judged`."""
    return judged(outcome, not_run).verdict


def _duplicate(outcome: Outcome) -> Judged | None:
    if outcome.executions is not None and outcome.executions > 1:
        return Judged("duplicate", f"executed {outcome.executions} times")
    # Celery may mark a task that never ran as failed more than once: that repeats no work.
    if outcome.results > 1 and outcome.executions != 0:
        return Judged("duplicate", f"{outcome.results} results arrived")
    return None


def _with_result(outcome: Outcome) -> Judged:
    if outcome.state == "SUCCESS" and outcome.matched is False:
        return Judged("wrong", outcome.reason or "not the expected value")
    if outcome.state in FAILED_STATES and outcome.matched is not True:
        return Judged("failed", outcome.reason or f"ended as {outcome.state}")
    if outcome.late:
        return Judged("late", outcome.reason or "the result came after the canvas's timeout")
    return Judged("ok", outcome.reason)


def _without_result(outcome: Outcome, not_run: NotRun | None) -> Judged:
    if outcome.executions:
        if outcome.unfinished:
            return Judged("late", outcome.reason or "still running at the end of the run")
        return Judged("lost_result", "executed, but its result never arrived")
    if not_run is not None and not_run.cause != "no result":
        return _stopped(not_run)
    if outcome.unfinished:
        return Judged("late", outcome.reason or "still queued at the end of the run")
    return Judged("lost_task", _lost(outcome, not_run))


def _stopped(not_run: NotRun) -> Judged:
    if not_run.cause == "failed as expected":
        return Judged("ok", f"not run, as expected: {not_run.origin} failed")
    return Judged("failed", f"not run: {not_run.origin} failed")


def _lost(outcome: Outcome, not_run: NotRun | None) -> str:
    if outcome.executions is None:
        return "no result; whether it was executed is unknown (no probe in the workers)"
    if not_run is not None:
        return f"never executed: no result of {not_run.origin}, which comes before it"
    if outcome.cut_off:
        return "started, its process ended before it did, and never executed again"
    if outcome.retries:
        return f"never executed again after {outcome.retries} retries"
    if outcome.received_ns is not None:
        return "received by a worker, never executed"
    if outcome.direct and outcome.published_ns is None:
        return "never received by a worker; the broker did not confirm that it had it"
    return "never received by a worker"
