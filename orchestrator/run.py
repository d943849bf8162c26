"""One run: Plan -> RunResult, inside one task group.

environment up -> client subscribed -> driven -> settled -> environment down -> judged. Whatever
ends a run early (a signal, a threshold, a pool or a broker that dies) ends it through the same
door: the load stops, what was measured is kept, everything that was started is stopped, and the
result is marked partial."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import anyio
from celery import Celery

from orchestrator.environment.consumption import Consumption
from orchestrator.errors import ExitCode, OrchestratorError, root_error
from orchestrator.faults import Faults
from orchestrator.judge.early_end import first_failed
from orchestrator.judge.exit_code import exit_code
from orchestrator.judge.judge import Evidence, judge
from orchestrator.judge.ledger import Ledger
from orchestrator.judge.live import LiveFigures
from orchestrator.judge.own_share import bottleneck
from orchestrator.laboratory import Laboratory, Progress, open_laboratory
from orchestrator.load import CanvasBuilder, Driver
from orchestrator.load.clock import NS_PER_S, after, now_ns, sleep_until
from orchestrator.load.functions import load_function
from orchestrator.load.pauses import without_long_pauses
from orchestrator.observe.backlog import Backlog, backlog_of_run
from orchestrator.observe.clocks import compare_clocks, wall_shift_ns
from orchestrator.observe.host import host, versions
from orchestrator.observe.pool_reports import attached_reports, pool_reports
from orchestrator.observe.process_sampler import Usage
from orchestrator.observe.series import Series
from orchestrator.observe.timeline_context import TimelineContext
from orchestrator.records import (
    BrokerInfo,
    HostClock,
    Judgement,
    Outcome,
    Plan,
    PointsFrom,
    PoolReport,
    RunResult,
    ThresholdResult,
)
from orchestrator.scenario import calls

SENDING = "sending"
SAMPLE_S = 1.0
SETTLE_S = 2.0
"""How long, after the last canvas, results that nobody awaited (earlier links, callbacks) may
take."""
NO_BROKER = BrokerInfo("not started", version="", path=None, url="", results_url="")
SIGNAL_CODES: Mapping[str, ExitCode] = {
    "SIGINT": ExitCode.INTERRUPTED,
    "SIGTERM": ExitCode.TERMINATED,
}


@dataclass(slots=True)
class _Measured:
    """What a run has found out so far; kept when it ends early."""

    broker: BrokerInfo | None = None
    startup_s: float = 0.0
    load_start_ns: int = 0
    load_end_ns: int = 0
    unfinished: frozenset[str] = frozenset()
    aborted: ThresholdResult | None = None
    stopped_by: str | None = None
    error: BaseException | None = None


class Run:
    """One execution of a plan. ``execute`` it once; ``stop`` may be called meanwhile."""

    def __init__(
        self, plan: Plan, app: Celery, directory: Path, run_id: str, progress: Progress
    ) -> None:
        self.plan = plan
        self.app = app
        self.directory = directory
        self.id = run_id
        self._progress = progress
        self.ledger = Ledger.for_workloads(plan.workloads, load_function)
        self._scope = anyio.CancelScope()
        self._measured = _Measured()
        self._series: Series | None = None
        self._faults = Faults(plan.faults, self._fault_changed)
        self._laboratory: Laboratory | None = None

    @property
    def error(self) -> BaseException | None:
        """What ended the run early, when it was an error."""
        return self._measured.error

    @property
    def _partial(self) -> bool:
        return self._measured.stopped_by is not None or self._measured.error is not None

    def stop(self, reason: str) -> None:
        """End the run early; ``reason`` is the signal's name or the threshold that was crossed."""
        if self._measured.stopped_by is None:
            self._measured.stopped_by = reason
            self._scope.cancel()

    async def execute(self) -> RunResult:
        """Run to the end. Raises what kept the environment from becoming ready; from then on every
        ending gives a result, marked partial if it came early."""
        started_at = datetime.now(UTC)
        began = time.monotonic()
        try:
            with self._scope:
                await self._within_laboratory()
        except Exception as error:
            cause = root_error(error)
            if self._laboratory is None or not isinstance(cause, OrchestratorError):
                raise
            self._measured.error = cause
        self._progress.phase("judging")
        return self._result(started_at, time.monotonic() - began)

    async def _within_laboratory(self) -> None:
        async with open_laboratory(
            self.plan,
            self.app,
            self.ledger,
            run_id=self.id,
            log_dir=self.directory / "workers",
            progress=self._progress,
            last_look=self._look_again,
        ) as laboratory:
            self._enter(laboratory)
            await self._measure(laboratory)

    async def execute_within(self, laboratory: Laboratory) -> RunResult:
        """As `execute`, in a laboratory that is up already, whose recorder tells this run's
        `ledger`."""
        started_at = datetime.now(UTC)
        began = time.monotonic()
        self._enter(laboratory)
        with self._scope:
            await self._measure(laboratory)
        return self._result(started_at, time.monotonic() - began)

    def _enter(self, laboratory: Laboratory) -> None:
        self._measured.broker = laboratory.broker
        self._measured.startup_s = laboratory.startup_s
        self._laboratory = laboratory
        self.plan = replace(self.plan, pools=laboratory.plan.pools)
        self.ledger.timeline.reads_results = laboratory.events is not None

    async def _measure(self, laboratory: Laboratory) -> None:
        backlog = self._backlog(laboratory.broker)
        driver = self._driver(laboratory)
        self._series = Series(
            self.ledger.timeline.counts,
            in_flight=lambda: driver.in_flight,
            pids=laboratory.pools.pids,
            backlog=backlog,
            broker_fails=self.plan.broker_fails,
        )
        try:
            with without_long_pauses():
                await self._drive(driver, self._series, laboratory)
            await self._settle(laboratory, backlog)
        finally:
            with anyio.CancelScope(shield=True), anyio.move_on_after(1.0):
                await backlog.aclose()

    def _driver(self, laboratory: Laboratory) -> Driver:
        client = laboratory.client
        references = {
            call.expect.value: load_function(call.expect.value)
            for _, call in calls(self.plan)
            if call.expect is not None and call.expect.kind == "call"
        }
        return Driver(
            client,
            self.ledger,
            [
                (
                    workload,
                    CanvasBuilder(
                        self.app,
                        workload.name,
                        workload.canvas,
                        seed=self.plan.seed,
                        new_id=client.new_id,
                        references=references,
                    ),
                )
                for workload in self.plan.workloads
            ],
            Consumption(self.app, self.plan.pools, self.id),
            broker_fails=self.plan.broker_fails,
        )

    async def _drive(self, driver: Driver, series: Series, laboratory: Laboratory) -> None:
        self._progress.phase(SENDING)
        measured = self._measured
        await series.take(0.0)
        measured.load_start_ns = now_ns()
        self.ledger.measured_from_ns = after(measured.load_start_ns, self.plan.warmup_s)
        try:
            async with anyio.create_task_group() as tasks:
                figures = self._figures()
                tasks.start_soon(self._watch, series, figures, measured.load_start_ns)
                if figures is not None:
                    tasks.start_soon(self._show, figures, driver, measured.load_start_ns)
                if any(threshold.abort_on_fail for threshold in self.plan.thresholds):
                    tasks.start_soon(self._end_early, measured.load_start_ns)
                async with self._faults.striking(laboratory.victims, measured.load_start_ns):
                    await driver.run(measured.load_start_ns)
                    measured.load_end_ns = now_ns()
                tasks.cancel_scope.cancel()
        finally:
            measured.load_end_ns = measured.load_end_ns or now_ns()

    def _figures(self) -> LiveFigures | None:
        """None where nobody looks."""
        if self._progress.refresh_s is None:
            return None
        return LiveFigures(
            self.plan, self.ledger, lambda: TimelineContext.of(self.plan, self._process_names)
        )

    async def _watch(self, series: Series, figures: LiveFigures | None, start_ns: int) -> None:
        """Once a second: a sample."""
        second = 0
        while True:
            second += 1
            await sleep_until(after(start_ns, second * SAMPLE_S))
            sample = await series.take((now_ns() - start_ns) / NS_PER_S)
            if figures is not None:
                await figures.second(sample)

    async def _show(self, figures: LiveFigures, driver: Driver, start_ns: int) -> None:
        """As often as the progress wants it: how the run stands."""
        interval_s = self._progress.refresh_s or SAMPLE_S
        turn = 0
        while True:
            turn = max(turn + 1, int((now_ns() - start_ns) / NS_PER_S / interval_s))
            await sleep_until(after(start_ns, turn * interval_s))
            elapsed_s = (now_ns() - start_ns) / NS_PER_S
            self._progress.tick(figures.now(elapsed_s, driver.in_flight))

    def _fault_changed(self, going_on: Sequence[str]) -> None:
        self._progress.phase(", ".join((SENDING, *going_on)))

    async def _end_early(self, start_ns: int) -> None:
        """Stop when a threshold fails that may end the run."""
        failed = await first_failed(self.plan, lambda: self._evidence(now_ns()), start_ns)
        self._measured.aborted = failed
        self.stop(f"threshold {failed.metric}: {failed.expression}")

    async def _settle(self, laboratory: Laboratory, backlog: Backlog) -> None:
        """Wait for the results that nobody awaited; then find out what the broker and the workers
        still have."""
        self._progress.phase("waiting for the last results")
        timeline = self.ledger.timeline
        with anyio.move_on_after(SETTLE_S):
            await timeline.settled()
        await laboratory.told()
        if timeline.outstanding:
            queued = await backlog.task_ids(timeline.unanswered())
            self._measured.unfinished = frozenset(queued | timeline.running())
        timeline.over = True
        if self._series is not None:
            await self._series.take((now_ns() - self._measured.load_start_ns) / NS_PER_S)

    def _backlog(self, broker: BrokerInfo) -> Backlog:
        return backlog_of_run(self.plan, self.app, broker, self.ledger.timeline)

    async def _look_again(self, broker: BrokerInfo) -> None:
        """What a worker had been given and not looked at is seen only now, in the queue again: it
        is late, and not lost."""
        timeline = self.ledger.timeline
        if not (timeline.outstanding and self.plan.target.private):
            return
        backlog = self._backlog(broker)
        try:
            queued = await backlog.task_ids(timeline.unanswered())
        finally:
            await backlog.aclose()
        self._measured.unfinished |= queued

    # ---- from what was measured to the result ----

    def _evidence(self, end_ns: int) -> Evidence:
        ledger = self.ledger
        outcomes = ledger.timeline.outcomes(
            self._context(),
            measured_from_ns=ledger.measured_from_ns,
            unfinished=self._measured.unfinished.__contains__,
            stopped=self._partial,
        )
        return Evidence(
            outcomes,
            ledger.canvases,
            ledger.chords,
            measured_s=max(0.0, (end_ns - ledger.measured_from_ns) / NS_PER_S),
            measured_from_ns=ledger.measured_from_ns,
            until_ns=end_ns,
            dropped=ledger.dropped_iterations,
            offers=ledger.offers,
            drains=ledger.drains,
            folds=ledger.folds,
            samples=self._series.samples if self._series else (),
            not_run=ledger.checker.not_run(),
            faults=self._faults.events,
            load_start_ns=self._measured.load_start_ns,
        )

    def _context(self) -> TimelineContext:
        return TimelineContext.of(self.plan, self._process_names, self._clocks()[1])

    @property
    def _process_names(self) -> Mapping[str, str]:
        return self._laboratory.pools.process_names if self._laboratory else {}

    def _clocks(self) -> tuple[tuple[HostClock, ...], Mapping[str, int]]:
        """Of the hosts of workers that are not ours; and what to add to the times of each."""
        if not self.plan.attach:
            return (), {}
        bounds = self.ledger.timeline.shift_bounds()
        return compare_clocks(self._process_names, bounds, wall_shift_ns())

    def _pool_reports(self, outcomes: Iterable[Outcome]) -> tuple[PoolReport, ...]:
        if self._laboratory is None or self._series is None:
            return ()
        if self.plan.attach:
            return attached_reports(self.plan.pools, outcomes)
        status = self._laboratory.pools.status()
        return pool_reports(status, self._series, outcomes, self._laboratory.probe)

    def _points_from(self) -> PointsFrom:
        if self._laboratory is None or self._laboratory.events is None:
            return "probe"
        return "events" if self._laboratory.events.heard else "results"

    def _result(self, started_at: datetime, duration_s: float) -> RunResult:
        measured = self._measured
        self.ledger.finish()
        evidence = self._evidence(measured.load_end_ns)
        judgement, verdicts = judge(self.plan, evidence)
        if measured.aborted is not None:
            judgement = _with_abort(judgement, measured.aborted)
        own = self._series.usage.get("", Usage()) if self._series else Usage()
        return RunResult(
            id=self.id,
            plan=self.plan,
            started_at=started_at.isoformat(timespec="milliseconds"),
            startup_s=measured.startup_s,
            duration_s=duration_s,
            exit_code=self._exit_code(judgement),
            stopped_by=str(measured.error).splitlines()[0]
            if measured.error
            else measured.stopped_by,
            partial=self._partial,
            broker=measured.broker or NO_BROKER,
            versions=versions(),
            host=host(),
            pools=self._pool_reports(evidence.outcomes),
            judgement=judgement,
            outcomes=evidence.outcomes,
            samples=self._series.samples if self._series else (),
            verdicts=verdicts,
            orchestrator_cpu_s=own.cpu_s,
            orchestrator_rss_max_bytes=self._series.rss_max_bytes.get("", 0) if self._series else 0,
            probe_lost_events=self._laboratory.probe.lost_events if self._laboratory else 0,
            bottleneck=bottleneck(self.plan, judgement, self._series.samples)
            if self._series
            else None,
            points_from=self._points_from(),
            clocks=self._clocks()[0],
            load_started_ns=measured.load_start_ns or None,
            tracebacks=self.ledger.tracebacks,
        )

    def _exit_code(self, judgement: Judgement) -> ExitCode:
        measured = self._measured
        if isinstance(measured.error, OrchestratorError):
            return measured.error.exit_code
        return SIGNAL_CODES.get(measured.stopped_by or "", exit_code(judgement))


def _with_abort(judgement: Judgement, aborted: ThresholdResult) -> Judgement:
    """What ended the run stays failed, whatever came in while it ended."""
    key = (aborted.metric, aborted.expression)
    thresholds = tuple(
        aborted if (result.metric, result.expression) == key else result
        for result in judgement.thresholds
    )
    return replace(judgement, thresholds=thresholds)
