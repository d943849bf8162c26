"""Is each result right? Results go in, in any order; findings come out as soon as they can be made.

The value of a chain's link or of a chord's header is kept only until the last task that takes it as
input has been checked, so memory grows with what is in flight and not with the length of the run.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from orchestrator.judge.expectations import Found, check
from orchestrator.records import Expectation, Inputs, TaskResult

FINAL_STATES = frozenset({"SUCCESS", "FAILURE", "REVOKED", "REJECTED"})


@dataclass(frozen=True, slots=True)
class Finding:
    """What the check of one result said: ``matched`` is None when there was nothing to hold it
    against."""

    id: str
    matched: bool | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class NotRun:
    """Why no result of a task can come: ``origin`` is the task that it waited for."""

    origin: str
    cause: Literal["failed", "failed as expected", "no result"]


@dataclass(slots=True)
class _Input:
    """The result of a task whose value, or failure, others wait for."""

    value: Any = None
    arrived: bool = False
    failed: Finding | None = None
    dependents: set[str] = field(default_factory=set)

    @property
    def ready(self) -> bool:
        return self.arrived or self.failed is not None


class Checker:
    """Holds every result against its expectation.

    All expectations of a canvas must be known before the first result of it arrives, that is before
    it is published; results of unknown ids and repeated results are passed over.
    """

    def __init__(self) -> None:
        self._pending: dict[str, Expectation] = {}
        self._held: dict[str, TaskResult] = {}
        self._inputs: dict[str, _Input] = {}

    @property
    def values_held(self) -> int:
        """How many values of others' inputs are in memory."""
        return sum(entry.arrived for entry in self._inputs.values())

    def expect(self, expectation: Expectation) -> None:
        self._pending[expectation.id] = expectation
        for needed in _needed_ids(expectation):
            self._inputs.setdefault(needed, _Input()).dependents.add(expectation.id)

    def result(self, result: TaskResult) -> list[Finding]:
        """Take one result; give the findings that it made possible: its own, and those of held
        ones."""
        if (
            result.state not in FINAL_STATES
            or result.id not in self._pending
            or result.id in self._held
        ):
            return []
        self._held[result.id] = result
        entry = self._inputs.get(result.id)
        changed = [result.id]
        if entry is not None and result.state == "SUCCESS":
            entry.value, entry.arrived = result.value, True
            changed.extend(sorted(entry.dependents))
        return list(self._settle(changed))

    def finish(self) -> list[Finding]:
        """No more results will come: what is still held back is let go unchecked."""
        findings = [
            Finding(held, None, f"not checked: the result of {missing} never came")
            for held in self._held
            if (missing := self._missing(self._pending[held])) is not None
        ]
        for finding in findings:
            del self._held[finding.id]
            self._forget(finding.id)
        return findings

    def not_run(self) -> dict[str, NotRun]:
        """The tasks without a result that cannot have one, because a task before them gave none."""
        answers: dict[str, NotRun | None] = {}
        for task_id in self._pending:
            self._trace(task_id, answers)
        return {task_id: answer for task_id, answer in answers.items() if answer is not None}

    # ---- checking ----

    def _settle(self, ids: list[str]) -> Iterator[Finding]:
        queue = list(ids)
        while queue:
            task_id = queue.pop(0)
            result = self._held.get(task_id)
            if result is None or self._missing(expectation := self._pending[task_id]) is not None:
                continue
            finding = self._check(expectation, result)
            del self._held[task_id]
            entry = self._inputs.get(task_id)
            if entry is not None and result.state != "SUCCESS":
                entry.failed = finding
                queue.extend(sorted(entry.dependents))
            self._forget(task_id)
            yield finding

    def _missing(self, expectation: Expectation) -> str | None:
        """The first input whose result has not come; None when the check can be made."""
        ids = _needed_ids(expectation)
        if any((entry := self._inputs.get(each)) and entry.failed for each in ids):
            return None
        if not _takes_value(expectation) and self._held[expectation.id].state == "SUCCESS":
            return None
        return next((each for each in ids if not self._is_ready(each)), None)

    def _is_ready(self, task_id: str) -> bool:
        entry = self._inputs.get(task_id)
        return entry is not None and entry.ready

    def _check(self, expectation: Expectation, result: TaskResult) -> Finding:
        failed = self._failed_input(expectation)
        if failed is not None and result.state != "SUCCESS":
            return _propagated(expectation, result, failed)
        lead: tuple[Any, ...] = ()
        if expectation.inputs is not None and _takes_value(expectation):
            if failed is not None:
                reason = f"not checked: its input {failed.id} failed"
                return Finding(expectation.id, None, reason)
            lead = (self._value(expectation.inputs),)
        found = check(expectation, lead, result)
        return Finding(expectation.id, found.matched, found.reason)

    def _failed_input(self, expectation: Expectation) -> Finding | None:
        for needed in _needed_ids(expectation):
            entry = self._inputs.get(needed)
            if entry is not None and entry.failed is not None:
                return entry.failed
        return None

    def _value(self, inputs: Inputs) -> Any:
        if isinstance(inputs, str):
            return self._inputs[inputs].value
        return [self._value(each) for each in inputs]

    def _forget(self, task_id: str) -> None:
        """The task has been checked: let go of its expectation, and of inputs that nobody else
        needs."""
        expectation = self._pending.pop(task_id)
        for needed in _needed_ids(expectation):
            entry = self._inputs[needed]
            entry.dependents.discard(task_id)
            if not entry.dependents:
                del self._inputs[needed]

    # ---- what never ran ----

    def _trace(self, task_id: str, answers: dict[str, NotRun | None]) -> None:
        """Follow the inputs of ``task_id`` back to what stopped it, without recursion: chains are
        long."""
        stack = [task_id]
        while stack:
            current = stack[-1]
            expectation = self._pending.get(current)
            if current in answers or expectation is None or current in self._held:
                stack.pop()
                continue
            before = _needed_ids(expectation)
            unknown = [each for each in before if each in self._pending and each not in answers]
            unknown = [each for each in unknown if each not in self._held and each not in stack]
            if unknown:
                stack.extend(unknown)
                continue
            answers[current] = self._stopped_by(before, answers)
            stack.pop()

    def _stopped_by(
        self, before: Sequence[str], answers: dict[str, NotRun | None]
    ) -> NotRun | None:
        lost: NotRun | None = None
        for each in before:
            entry = self._inputs.get(each)
            if entry is not None and entry.failed is not None:
                cause = entry.failed.matched
                return NotRun(each, "failed as expected" if cause else "failed")
            answer = answers.get(each)
            if answer is not None and answer.cause != "no result":
                return answer
            if self._is_outstanding(each):
                lost = lost or answer or NotRun(each, "no result")
        return lost

    def _is_outstanding(self, task_id: str) -> bool:
        expectation = self._pending.get(task_id)
        return expectation is not None and not expectation.ignored and task_id not in self._held


def _propagated(expectation: Expectation, result: TaskResult, failed: Finding) -> Finding:
    """Celery marks the tasks after a failed one as failed too: they are as expected as that failure
    was."""
    if expectation.expect is not None and expectation.expect.kind == "raises":
        found: Found = check(expectation, (), result)
        if found.matched:
            return Finding(expectation.id, True)
    if failed.matched:
        return Finding(expectation.id, True, f"not run, as expected: {failed.id} failed")
    return Finding(expectation.id, False, f"not run: {failed.id} failed")


def _needed_ids(expectation: Expectation) -> tuple[str, ...]:
    before = expectation.inputs if expectation.inputs is not None else expectation.after
    return () if before is None else tuple(dict.fromkeys(_flat(before)))


def _flat(inputs: Inputs) -> Iterator[str]:
    if isinstance(inputs, str):
        yield inputs
        return
    for each in inputs:
        yield from _flat(each)


def _takes_value(expectation: Expectation) -> bool:
    """Whether the check needs the inputs' values: only a reference does."""
    by_reference = expectation.expect is None or expectation.expect.kind == "call"
    return by_reference and expectation.reference is not None and expectation.inputs is not None
