"""The laboratory of a test: scenarios are run in it, and workers are started."""

import json
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping, MutableSequence, Sequence
from concurrent.futures import wait
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread

from orchestrator.client import Client
from orchestrator.errors import OrchestratorError, UsageError
from orchestrator.judge.ledger import Ledger
from orchestrator.laboratory import Laboratory, open_laboratory
from orchestrator.pytest_plugin.app_name import app_and_name
from orchestrator.pytest_plugin.blocking_client import BlockingClient
from orchestrator.pytest_plugin.broker import LabBroker, Place
from orchestrator.pytest_plugin.config import LabConfig
from orchestrator.pytest_plugin.hosting import hosted, plain
from orchestrator.pytest_plugin.result import LabResult
from orchestrator.pytest_plugin.stock_results import own_backend
from orchestrator.pytest_plugin.workers import NOT_EAGER, Workers, worker_env, workers_plan
from orchestrator.records import Live, Plan
from orchestrator.report.new_directory import make_directory
from orchestrator.report.run_directory import write_run_directory
from orchestrator.run import Run
from orchestrator.scenario_files import Scenario, load_scenarios

if TYPE_CHECKING:
    from celery import Celery

Sets = Sequence[str] | Mapping[str, Any]


class Unheard:
    """The progress that pytest has no line for."""

    refresh_s: float | None = None

    def phase(self, text: str) -> None:
        """Said to nobody."""

    def tick(self, live: Live) -> None:
        """Never called: nobody wants to be told."""


@dataclass(frozen=True)
class CeleryLab:
    """What the fixture ``celery_lab`` gives.

    ``out`` is where run directories are made; scenario files are looked for in ``beside``, one
    after the other. The paths of reports are added to ``properties``."""

    broker: LabBroker
    config: LabConfig = field(repr=False)
    out: Path = field(repr=False)
    beside: tuple[Path, ...] = field(repr=False)
    properties: MutableSequence[tuple[str, object]] = field(repr=False)
    closing: ExitStack = field(repr=False)

    # ---- scenarios ----

    def run(
        self,
        scenario: str | Path,
        *,
        set: Sets = (),
        broker: str | None = None,
        **keys: Any,
    ) -> LabResult:
        """Run a scenario file to its end, whatever comes of it: see `LabResult.assert_passed`.

        ``set`` overrides keys of the file, as `--set` does: ``["workloads.sums.rate=50/s"]``, or a
        mapping of dotted keys to values; ``keys`` are the file's own top-level keys (``seed=3``).
        A scenario for the embedded broker runs on the session's, in an empty place there;
        ``broker`` (a URL or a kind) wins. Blocks: in an asynchronous test, call it with
        `asyncio.to_thread`.

        Raises `ScenarioError`, and `EnvironmentNotReady` when what it needs does not come up."""
        __tracebackhide__ = True
        loaded = self._load(scenario, [*_sets(set), *_sets(keys)], broker)
        with self.broker.place() as place:
            planned = self._placed(loaded.plan, loaded.app, place)
            return self._run(replace(loaded, plan=planned))

    def _load(self, path: str | Path, sets: list[str], broker: str | None) -> Scenario:
        """The one run that the file means."""
        __tracebackhide__ = True
        file = next((each / path for each in self.beside if (each / path).exists()), Path(path))
        try:
            (scenarios,) = load_scenarios([file], sets, None, broker)
        except OrchestratorError as exc:
            raise plain(exc) from None
        if scenarios.runs != 1:
            raise UsageError(
                f"{file} means {scenarios.runs} runs, and a test makes one: parametrize the test, "
                "and leave `matrix` and `repeats` to the commands `run` and `sweep`"
            )
        scenario = scenarios.variants[0]
        on_ours = scenario.plan.target.broker == "embedded"
        if on_ours and not self.broker.private:
            # Read again, so that what the broker cannot do is said with its place in the file.
            return self._load(path, sets, self.broker.url)
        return scenario

    def _placed(self, plan: Plan, app: "Celery", place: Place) -> Plan:
        target = plan.target
        settings = {**NOT_EAGER, **self.config.settings, **target.settings}
        if target.broker in ("embedded", self.broker.url):
            target = replace(target, broker=place.url)
            settings = place.settings(app, settings)
        return replace(
            plan,
            target=replace(target, settings=settings),
            pools=tuple(
                replace(pool, env=worker_env(self.config, pool.env)) for pool in plan.pools
            ),
        )

    def _run(self, scenario: Scenario) -> LabResult:
        __tracebackhide__ = True
        portal = self.broker.portal
        run_id = secrets.token_hex(3)
        directory = make_directory(self.out, scenario.plan.name, run_id)
        (directory / "workers").mkdir()
        run = portal.call(Run, scenario.plan, scenario.app, directory, run_id, Unheard())
        task = portal.start_task_soon(run.execute)
        try:
            ended = task.result()
        except BaseException as exc:  # the environment's failure; or our thread was interrupted
            if not task.done():
                portal.call(run.stop, "SIGINT")
                wait([task])
            raise plain(exc) from None
        write_run_directory(ended, directory)
        result = LabResult(ended, directory)
        self.properties.append(("celery_lab_report", str(result.report)))
        return result

    # ---- workers ----

    @contextmanager
    def workers(self, app: "Celery | str", **options: Any) -> Iterator[BlockingClient]:
        """Real worker processes of ``app`` while the body lasts, and a client to send to them.

        ``app`` is the app object, or what `celery -A` takes. Meanwhile it is configured for the
        session's broker, so that `task.delay()` reaches the same workers. The options are those of
        `Workers`. All workers of one test share a place on the broker; the next test has another.

        Raises `PoolFailed` with the end of the worker's log when it does not start, and on leaving
        when it has died; `UsageError`."""
        __tracebackhide__ = True
        celery_app, logs, laboratory = self._workers(app, options)
        with laboratory as opened, own_backend(celery_app):
            timeout_s = self.config.timeout_s
            yield BlockingClient(self.broker.portal, opened.client, timeout_s=timeout_s, logs=logs)

    @asynccontextmanager
    async def aworkers(self, app: "Celery | str", **options: Any) -> AsyncIterator[Client]:
        """As `workers`, for an asynchronous test (asyncio): gives an `orchestrator.Client` in the
        test's own loop. May be entered and left by different tasks, as fixtures are."""
        __tracebackhide__ = True
        celery_app, _, laboratory = self._workers(app, options)
        await anyio.to_thread.run_sync(laboratory.__enter__)
        try:
            with own_backend(celery_app):
                async with Client(celery_app) as client:
                    yield client
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(laboratory.__exit__, None, None, None)

    def _workers(
        self, app: "Celery | str", options: Mapping[str, Any]
    ) -> tuple["Celery", Path, AbstractContextManager[Laboratory]]:
        """The app, where the logs go, and what is to be entered."""
        __tracebackhide__ = True
        try:
            celery_app, name = app_and_name(app)
            plan = workers_plan(celery_app, name, Workers(**options), self.config, self._place)
        except OrchestratorError as exc:
            raise plain(exc) from None
        run_id = secrets.token_hex(3)
        logs = make_directory(self.out, "workers", run_id)
        opened = open_laboratory(
            plan, celery_app, Ledger({}), run_id=run_id, log_dir=logs, progress=Unheard()
        )
        return celery_app, logs, hosted(self.broker.portal, opened)

    @cached_property
    def _place(self) -> Place:
        return self.closing.enter_context(self.broker.place())


@contextmanager
def open_lab(
    broker: LabBroker,
    config: LabConfig,
    *,
    out: Path,
    beside: tuple[Path, ...],
    properties: MutableSequence[tuple[str, object]],
) -> Iterator[CeleryLab]:
    """A laboratory; on leaving, its place on the broker is given back."""
    with ExitStack() as closing:
        yield CeleryLab(broker, config, out, beside, properties, closing)


def _sets(values: Sets) -> list[str]:
    """`key=value` as `--set` takes it. A value of Python's stands for itself: no `${VAR}` in it."""
    if not isinstance(values, Mapping):
        return list(values)
    return [f"{key}={_yaml(value)}" for key, value in values.items()]


def _yaml(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).replace("$", "$$")
