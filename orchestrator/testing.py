"""For unit tests of code that takes a `Client`: one that needs no broker and no workers.

docs/client.md has an example; docs/pytest.md is about tests with real workers."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Final, Self

from celery import uuid
from celery.canvas import Signature
from celery.result import EagerResult, ResultSet

from orchestrator.celery_app import configured, resolve_task
from orchestrator.client import Client
from orchestrator.client.eager_session import EagerSession, eager_result
from orchestrator.client.handle import Handle
from orchestrator.client.join import Join
from orchestrator.client.result_tree import all_results, result_tree
from orchestrator.errors import ClientClosed, OrchestratorError

if TYPE_CHECKING:
    from celery import Celery

EAGER = {"task_always_eager": True, "task_eager_propagates": False}


class Never:
    """The type of `NEVER`."""

    def __repr__(self) -> str:
        return "NEVER"


NEVER: Final = Never()
"""The answer of a task whose result never arrives: who awaits it gets `ResultTimeout`, or
`ClientClosed` when the client is closed."""


class FakeClient(Client):
    """A `Client` whose tasks run in this process, when they are submitted.

    Celery itself runs them, canvases too, as it does for `task_always_eager`, whose differences
    from a worker hold here: arguments and results are not serialized, nothing runs at the same
    time, countdowns are not waited for, and retries come at once.

    ``answers`` puts something in the place of a task's body, by its full name or by a last part
    that is unique: a value; an exception, which the task raises; `NEVER`; or a function of the
    task's arguments that gives one of these. An error of `orchestrator.errors` (BrokerUnavailable,
    PublishUncertain, ...) is not the task's: `submit` raises it. ``sent`` has every canvas that was
    submitted, in order.
    """

    def __init__(self, app: "Celery", answers: Mapping[str, Any] | None = None) -> None:
        super().__init__(app)
        self.answers = dict(answers or {})
        self.sent: list[Signature] = []

    async def __aenter__(self) -> Self:
        """Raises `UsageError` for an answer to a task that the app does not have."""
        if self._session is not None:
            raise RuntimeError("this client is open already: make one Client for each `async with`")
        self.app.finalize()
        answers = {resolve_task(self.app, name): answer for name, answer in self.answers.items()}
        self._session = _FakeSession(self.app, answers, self.sent)
        return self


class _NeverEnds(Exception):
    """Stands for the result that does not come."""


class _FakeSession(EagerSession):
    def __init__(self, app: "Celery", answers: Mapping[str, Any], sent: list[Signature]) -> None:
        super().__init__(app)
        self._answers = answers
        self._sent = sent
        self._waiting: list[Join] = []

    async def submit_all(
        self, signatures: Sequence[Any], timeout_s: float | None = None
    ) -> list[Handle]:
        await asyncio.sleep(0)  # as a real one does: a loop of calls starves nobody
        handles = []
        for signature in signatures:
            with configured(self.app, EAGER), self._answered():
                result = _ended(signature)
            handles.append(self._handle(result))
            self._sent.append(signature)
        return handles

    def _handle(self, result: Any) -> Handle:
        """Raises the error of ours that one of the tasks was answered with."""
        tasks = [node for node in all_results(result) if not isinstance(node, ResultSet)]
        for task in tasks:
            if isinstance(task.result, OrchestratorError):
                raise task.result
        join = Join(result_tree(result))
        for task in tasks:
            if not isinstance(task.result, _NeverEnds):
                join.deliver(eager_result(task))
        if not join.done:
            self._waiting.append(join)
        return Handle(self, join, result)

    @contextmanager
    def _answered(self) -> Iterator[None]:
        with ExitStack() as stack:
            for name, answer in self._answers.items():
                stack.enter_context(_body(self.app.tasks[name], _answering(answer)))
            yield

    async def close(self) -> None:
        for join in self._waiting:
            join.end(ClientClosed())


def _ended(signature: Any) -> Any:
    """Stock's result object. Celery raises at once what fails early in an eager chain or chord,
    where a worker would store it."""
    try:
        return signature.apply_async()
    except Exception as exc:
        return EagerResult(signature.options.get("task_id") or uuid(), exc, "FAILURE")


def _answering(answer: Any) -> Callable[..., Any]:
    def run(*args: Any, **kwargs: Any) -> Any:
        is_function = callable(answer) and not isinstance(answer, type)
        value = answer(*args, **kwargs) if is_function else answer
        if value is NEVER:
            raise _NeverEnds
        if isinstance(value, BaseException):
            raise value
        return value

    return run


@contextmanager
def _body(task: Any, run: Callable[..., Any]) -> Iterator[None]:
    """The task with another body: on the task itself, above that of its class."""
    task.run = run
    task.throws = (Exception,)  # what it raises was asked for: Celery logs no error then
    try:
        yield
    finally:
        del task.run, task.throws
