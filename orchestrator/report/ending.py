"""What an exit code means, in words, with what it is due to: the same in every report."""

from collections.abc import Mapping, Sequence

from orchestrator.environment.masking import mask_text
from orchestrator.errors import ExitCode
from orchestrator.judge.exit_code import UNTRUE
from orchestrator.judge.wording import clip
from orchestrator.records import Verdict
from orchestrator.report import figures
from orchestrator.report.terminal import MEANINGS

STOPPED_LIMIT = 120


def run_meaning(
    code: int, verdicts: Mapping[Verdict, int], passed: Sequence[bool], stopped_by: str | None
) -> str:
    """``verification failed, 3 wrong, 1 lost task``: of a run whose thresholds ``passed``, and that
    was stopped by ``stopped_by`` (None: by nothing)."""
    meaning = MEANINGS.get(code, "ended")
    if code == ExitCode.VERIFICATION_FAILED:
        counts = ((verdict, verdicts.get(verdict, 0)) for verdict in UNTRUE)
        said = (figures.counted(verdict, count) for verdict, count in counts if count)
        meaning = ", ".join((meaning, *said))
    elif code == ExitCode.THRESHOLD_FAILED:
        failed = passed.count(False)
        meaning = meaning if failed < 2 else f"{failed} thresholds failed"
    if stopped_by is not None:
        meaning = f"{meaning}, stopped by {clip(mask_text(stopped_by), STOPPED_LIMIT)}"
    return meaning


def experiment_ending(code: int, made: int, planned: int, duration_s: float) -> str:
    """``4 of 6 runs in 12.5 s: interrupted (exit code 130)``."""
    runs = f"{made} runs" if made == planned else f"{made} of {planned} runs"
    meaning = MEANINGS.get(code, "see the runs")
    return f"{runs} in {figures.seconds(duration_s)}: {meaning} (exit code {code})"
