"""The highest rate that a target holds: steps of one workload in one laboratory."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import anyio
from celery import Celery

from orchestrator.errors import ExitCode, OrchestratorError, root_error
from orchestrator.experiments.relay import Relay
from orchestrator.experiments.search import Search
from orchestrator.experiments.step import (
    judge_step,
    orchestrator_was_the_limit,
    piled_up,
    step_plan,
)
from orchestrator.judge.exit_code import UNTRUE
from orchestrator.laboratory import Laboratory, Progress, open_laboratory
from orchestrator.records import (
    Capacity,
    Limit,
    Live,
    Plan,
    RunResult,
    Step,
    Threshold,
    WorkloadPlan,
)
from orchestrator.run import SIGNAL_CODES, Run

_NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class CapacityQuestion:
    """What is asked: the highest rate of ``workload`` between ``start_per_s`` and ``max_per_s`` at
    which every objective holds, to within ``tolerance`` (a ratio), in ``max_time_s`` at most. A
    step takes ``step_s`` or longer."""

    plan: Plan
    workload: WorkloadPlan
    objectives: tuple[Threshold, ...]
    start_per_s: float
    max_per_s: float
    tolerance: float
    step_s: float
    max_time_s: float


class CapacitySearch:
    """Answers one question. ``execute`` it once; ``stop`` may be called meanwhile."""

    def __init__(
        self,
        question: CapacityQuestion,
        app: Celery,
        directory: Path,
        identity: str,
        progress: Progress,
        on_step: Callable[[Step], None],
    ) -> None:
        self.error: BaseException | None = None
        """What ended it early, when it was an error."""
        self._question = question
        self._app = app
        self._directory = directory
        self._id = identity
        self._progress = progress
        self._on_step = on_step
        self._search = Search(question.start_per_s, question.max_per_s, question.tolerance)
        self._steps: list[Step] = []
        self._relay = Relay()
        self._scope = anyio.CancelScope()
        self._stopped_by: str | None = None
        self._limit: Limit = "objective"
        self._began = time.monotonic()

    def stop(self, reason: str) -> None:
        """End the search; ``reason`` is the signal's name."""
        self._stopped_by = reason
        self._scope.cancel()

    async def execute(self) -> Capacity:
        """Search to the end. Raises what kept the environment from becoming ready; what ends it
        later leaves an answer of the steps so far."""
        try:
            with self._scope:
                async with open_laboratory(
                    self._question.plan,
                    self._app,
                    self._relay,
                    run_id=self._id,
                    log_dir=self._directory / "workers",
                    progress=self._progress,
                ) as laboratory:
                    await self._climb(laboratory)
        except Exception as error:
            cause = root_error(error)
            if not self._steps or not isinstance(cause, OrchestratorError):
                raise
            self.error = cause
        if self._stopped_by is not None or self.error is not None:
            self._limit = "stopped"
        return self._answer()

    async def _climb(self, laboratory: Laboratory) -> None:
        question = self._question
        while (rate_per_s := self._search.next_rate()) is not None:
            plan = step_plan(
                question.plan,
                question.workload,
                question.objectives,
                rate_per_s,
                least_s=question.step_s,
            )
            left_s = question.max_time_s - (time.monotonic() - self._began)
            if (plan.workloads[0].duration_s or 0.0) > left_s:
                self._limit = "time"
                return
            step, ours = await self._try(plan, laboratory)
            if not step.held and (ours or not piled_up(step)):
                # A busy machine may have been the reason.
                step, ours = await self._try(plan, laboratory)
            if ours:
                self._limit = "orchestrator"
                return
            self._search.tell(rate_per_s, held=step.held, completed_per_s=step.completed_per_s)
        if self._search.failed_per_s is None:
            self._limit = "max-rate"

    async def _try(self, plan: Plan, laboratory: Laboratory) -> tuple[Step, bool]:
        """One run at one rate, and whether the orchestrator was what limited it."""
        (workload,) = plan.workloads
        self._progress.phase(f"{workload.rate_per_s:,.4g}/s for {workload.duration_s:g} s")
        run = Run(plan, self._app, self._directory, self._id, _Quiet(self._progress))
        self._relay.ledger = run.ledger
        result = await run.execute_within(laboratory)
        step = _judged(run, result)
        self._steps.append(step)
        self._on_step(step)
        return step, orchestrator_was_the_limit(step, result)

    def _answer(self) -> Capacity:
        question, held = self._question, self._search.held_per_s
        return Capacity(
            id=self._id,
            name=question.plan.name,
            workload=question.workload.name,
            objectives=tuple(f"{each.metric} {each.expression}" for each in question.objectives),
            steps=tuple(self._steps),
            held_per_s=held,
            failed_per_s=self._search.failed_per_s,
            limited_by=self._limit,
            exit_code=self._exit_code(held),
            duration_s=time.monotonic() - self._began,
        )

    def _exit_code(self, held: float | None) -> ExitCode:
        if isinstance(self.error, OrchestratorError):
            return self.error.exit_code
        if self._stopped_by is not None:
            return SIGNAL_CODES.get(self._stopped_by, ExitCode.INTERRUPTED)
        if any(step.verdicts.get(verdict, 0) for step in self._steps for verdict in UNTRUE):
            return ExitCode.VERIFICATION_FAILED
        return ExitCode.THRESHOLD_FAILED if held is None else ExitCode.PASSED


def _judged(run: Run, result: RunResult) -> Step:
    (workload,) = result.plan.workloads
    begin_ns, end_ns = run.ledger.offers.get(workload.name, (0, 0))
    from_ns = begin_ns + round(result.plan.warmup_s * _NS_PER_S)
    return judge_step(result, list(run.ledger.canvases), from_ns=from_ns, until_ns=end_ns)


class _Quiet:
    """The phases of one step are not worth a line each."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    @property
    def refresh_s(self) -> float | None:
        return self._progress.refresh_s

    def phase(self, text: str) -> None:
        pass

    def tick(self, live: Live) -> None:
        self._progress.tick(live)
