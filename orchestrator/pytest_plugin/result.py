"""How a scenario ended, as a test looks at it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.environment.masking import mask_text
from orchestrator.errors import ExitCode
from orchestrator.judge.wording import clip
from orchestrator.records import (
    VERDICTS,
    RunResult,
    ThresholdResult,
    Trend,
    Verdict,
    WorkloadResult,
)
from orchestrator.report import figures
from orchestrator.report.terminal import MEANINGS

IDS_SHOWN = 5
"""How many tasks of each verdict are named in a failure."""
REASON_LIMIT = 200


@dataclass(frozen=True, slots=True)
class LabResult:
    """One run. ``run`` is everything that is known of it; ``directory`` has its files."""

    run: RunResult
    directory: Path

    @property
    def exit_code(self) -> ExitCode:
        """What the command `run` would have ended with (docs/exit-codes.md)."""
        return ExitCode(self.run.exit_code)

    @property
    def passed(self) -> bool:
        """True when every result was verified and every threshold held."""
        return self.exit_code is ExitCode.PASSED

    @property
    def report(self) -> Path:
        """The HTML report."""
        return self.directory / "report.html"

    @property
    def verdicts(self) -> Mapping[Verdict, int]:
        """How many tasks were ``ok``, ``wrong``, ``failed``, ``lost_task``, ..."""
        return {verdict: self.run.judgement.counts.get(verdict, 0) for verdict in VERDICTS}

    @property
    def ids(self) -> Mapping[Verdict, tuple[str, ...]]:
        """The ids of tasks that were not ok, by verdict; of very many only the first."""
        return self.run.judgement.ids

    @property
    def thresholds(self) -> tuple[ThresholdResult, ...]:
        """Each with ``metric``, ``expression``, ``observed`` and ``passed``."""
        return self.run.judgement.thresholds

    @property
    def metrics(self) -> Mapping[str, Trend]:
        """Distributions in milliseconds: ``metrics["task_duration"].p95_ms``."""
        return self.run.judgement.metrics

    @property
    def counters(self) -> Mapping[str, int]:
        """``tasks_sent``, ``tasks_retried``, ...: docs/metrics.md has them all."""
        return self.run.judgement.counters

    @property
    def rates(self) -> Mapping[str, float]:
        """``throughput`` and ``offered_rate`` per second; ``verified`` and ``errors`` as ratios."""
        return self.run.judgement.rates

    @property
    def workloads(self) -> Mapping[str, WorkloadResult]:
        """By name."""
        return {workload.name: workload for workload in self.run.judgement.workloads}

    def value(self, workload: str) -> Any:
        """What the workload's ``aggregate`` came to. Raises KeyError for one that is not there, or
        that has no aggregate."""
        workloads = self.workloads
        if workload not in workloads:
            raise KeyError(f"no workload {workload!r}: there are {', '.join(workloads)}")
        if workloads[workload].aggregate is None:
            raise KeyError(f"the workload {workload!r} has no `aggregate`, and so no value")
        return workloads[workload].value

    def assert_passed(self) -> None:
        """Raises AssertionError unless `passed`; it names the thresholds that failed, tasks that
        were not ok, and the report."""
        __tracebackhide__ = True
        if not self.passed:
            raise AssertionError(self.failure())

    def failure(self) -> str:
        """Why it did not pass, in a few lines."""
        return "\n".join(self._failure())

    def _failure(self) -> Iterator[str]:
        code = self.exit_code
        name = clip(self.run.plan.name, 60)
        yield f"scenario {name} did not pass: {MEANINGS[code]} (exit code {code.value})"
        if self.run.stopped_by is not None:
            yield f"  stopped by {clip(mask_text(self.run.stopped_by), REASON_LIMIT)}"
        for each in self.thresholds:
            if not each.passed:
                seen = figures.observed(each.metric, each.expression, each.observed)
                yield f"  threshold {each.metric}: {each.expression}, observed {seen}"
        for verdict, count in self.verdicts.items():
            if count and verdict != "ok":
                yield from self._not_ok(verdict, count)
        yield f"  report: {self.report}"

    def _not_ok(self, verdict: Verdict, count: int) -> Iterator[str]:
        judgement = self.run.judgement
        yield f"  {figures.VERDICT_WORDS[verdict]}: {count:,} of {judgement.sent:,} tasks"
        ids = self.ids.get(verdict, ())[:IDS_SHOWN]
        for task_id in ids:
            reason = judgement.reasons.get(task_id)
            why = f": {clip(mask_text(reason), REASON_LIMIT)}" if reason else ""
            yield f"    {task_id}{why}"
        if count > len(ids):
            yield f"    and {count - len(ids):,} more: see {self.directory / 'tasks.csv.gz'}"
