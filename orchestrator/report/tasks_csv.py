"""``tasks.csv.gz``: a row for each task, for whoever wants to look closer than any report does."""

import csv
import gzip
import io
from collections.abc import Iterator
from pathlib import Path

from orchestrator.environment.masking import mask_text
from orchestrator.judge.histogram import NS_PER_MS
from orchestrator.judge.metrics import GAPS
from orchestrator.judge.verdicts import judged
from orchestrator.judge.wording import clip
from orchestrator.records import Outcome, RunResult, Verdict
from orchestrator.report.atomic import atomic_write

POINTS = ("intended", "sent", "published", "received", "started", "finished", "seen")
HEADER = (
    "id", "task", "queue", "pool", "worker", "workload", "iteration",
    "verdict", "state", "executions", "retries",
    *(f"{point}_ms" for point in POINTS),
    *(f"{gap}_ms" for gap in GAPS),
    "task_duration_ms", "reason", "measured",
)  # fmt: skip
TEXT_LIMIT = 500


def write_tasks_csv(result: RunResult, path: Path) -> None:
    """Write a row for each outcome, gzipped. Times are in ms since the load began; a time that
    nobody saw is empty. ``measured`` is 0 in the warm-up, else 1."""
    with (
        atomic_write(path) as stream,
        # Without a name and a time inside, equal runs give equal files.
        gzip.GzipFile("", "wb", fileobj=stream, compresslevel=6, mtime=0) as packed,
        io.TextIOWrapper(packed, encoding="utf-8", errors="backslashreplace", newline="") as text,
    ):
        writer = csv.writer(text)
        writer.writerow(HEADER)
        start_ns = _start_ns(result)
        rows = zip(result.outcomes, result.verdicts, strict=True)
        writer.writerows(_row(outcome, verdict, start_ns) for outcome, verdict in rows)


def _start_ns(result: RunResult) -> int:
    if result.load_started_ns is not None:
        return result.load_started_ns
    first = (
        outcome.sent_ns if outcome.intended_ns is None else outcome.intended_ns
        for outcome in result.outcomes
    )
    return min((at_ns for at_ns in first if at_ns is not None), default=0)


def _row(outcome: Outcome, verdict: Verdict, start_ns: int) -> list[str | int | None]:
    executions = outcome.executions
    return [
        clip(outcome.id, TEXT_LIMIT),
        clip(outcome.task, TEXT_LIMIT),
        clip(outcome.queue, TEXT_LIMIT),
        clip(outcome.pool, TEXT_LIMIT),
        clip(outcome.worker, TEXT_LIMIT),
        clip(outcome.workload, TEXT_LIMIT),
        outcome.iteration,
        verdict,
        outcome.state,
        "" if executions is None else executions,
        outcome.retries,
        *(_ms(getattr(outcome, f"{point}_ns"), start_ns) for point in POINTS),
        *_gaps(outcome),
        clip(mask_text(_reason(outcome, verdict)), TEXT_LIMIT),
        int(outcome.measured),
    ]


def _reason(outcome: Outcome, verdict: Verdict) -> str:
    """Why it has that verdict, as far as the task itself says."""
    if outcome.reason is not None or verdict == "ok":
        return outcome.reason or ""
    said = judged(outcome)
    return said.reason or "" if said.verdict == verdict else ""


def _gaps(outcome: Outcome) -> Iterator[str]:
    for begin, end in GAPS.values():
        yield _ms(getattr(outcome, end), getattr(outcome, begin))
    begin_ns = outcome.published_ns if outcome.intended_ns is None else outcome.intended_ns
    yield _ms(outcome.seen_ns, begin_ns)


def _ms(at_ns: int | None, since_ns: int | None) -> str:
    if at_ns is None or since_ns is None:
        return ""
    return f"{(at_ns - since_ns) / NS_PER_MS:.3f}"
