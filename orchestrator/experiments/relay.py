"""One laboratory, many runs: what the workers and the client tell goes to the run that is on."""

from orchestrator.judge.ledger import Ledger
from orchestrator.records import TaskResult


class Relay:
    """A recorder that passes everything on to ``ledger``; what comes late from a run before, the
    ledger of another does not know and leaves."""

    def __init__(self) -> None:
        self.ledger: Ledger | None = None

    @property
    def timeline(self) -> "Relay":
        return self

    def result(self, result: TaskResult) -> None:
        if self.ledger is not None:
            self.ledger.result(result)

    def received(self, task_id: str, at_ns: int, worker: str) -> None:
        if self.ledger is not None:
            self.ledger.timeline.received(task_id, at_ns, worker)

    def started(self, task_id: str, at_ns: int, worker: str) -> None:
        if self.ledger is not None:
            self.ledger.timeline.started(task_id, at_ns, worker)

    def finished(self, task_id: str, at_ns: int, state: str, worker: str) -> None:
        if self.ledger is not None:
            self.ledger.timeline.finished(task_id, at_ns, state, worker)

    def ran(self, task_id: str, run_ns: int) -> None:
        if self.ledger is not None:
            self.ledger.timeline.ran(task_id, run_ns)

    def cut_off(self, task_id: str) -> None:
        if self.ledger is not None:
            self.ledger.timeline.cut_off(task_id)

    def gone(self, worker: str) -> None:
        if self.ledger is not None:
            self.ledger.timeline.gone(worker)

    def published(self, task_id: str, at_ns: int) -> None:
        if self.ledger is not None:
            self.ledger.timeline.published(task_id, at_ns)
