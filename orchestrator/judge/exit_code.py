"""What a judgement means for the process's exit code; the reasons are in docs/exit-codes.md."""

from orchestrator.errors import ExitCode
from orchestrator.records import Judgement, Verdict

UNTRUE: tuple[Verdict, ...] = ("wrong", "lost_task", "lost_result", "duplicate")
"""Verdicts which say that the system under test did not keep its word."""


def exit_code(judgement: Judgement) -> ExitCode:
    """5 when a task was wrong, lost or duplicated; else 1 when a threshold failed; else 0."""
    if any(judgement.counts.get(verdict, 0) for verdict in UNTRUE):
        return ExitCode.VERIFICATION_FAILED
    if not all(result.passed for result in judgement.thresholds):
        return ExitCode.THRESHOLD_FAILED
    return ExitCode.PASSED
