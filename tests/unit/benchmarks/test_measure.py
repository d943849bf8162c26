import types
from typing import Any

import pytest

from benchmarks import measure as module
from benchmarks.cores import Cores
from benchmarks.measure import measure
from benchmarks.records import (
    BenchmarkError,
    Effort,
    Experiment,
    Fact,
    Findings,
    Row,
    RowSkipped,
    WrongResult,
)
from orchestrator.errors import BrokerUnavailable

ROWS = (Row("one", "title", "x", 2.0), Row("two", "title", "x", 2.0))


class FakeLaboratory:
    cores = Cores(None, frozenset())
    info = types.SimpleNamespace(kind="redis", version="6.2")

    def __init__(self) -> None:
        self.cleared = 0

    async def __aenter__(self) -> "FakeLaboratory":
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def clear(self) -> None:
        self.cleared += 1


@pytest.fixture
def laboratory(monkeypatch: pytest.MonkeyPatch) -> FakeLaboratory:
    made = FakeLaboratory()
    monkeypatch.setattr(module, "open_laboratory", lambda: made)
    return made


def experiment(outcome: Findings | BaseException) -> Experiment:
    async def run(laboratory: Any, effort: Effort, wanted: frozenset[str]) -> Findings:
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    return Experiment("some", ROWS, run)


FOUND = Findings({"one": (1, 2, 3), "two": (1, 1, 3)}, [Fact("f", "s", (1.0,))], ["note"])


async def test_rows_are_judged_by_their_median(laboratory: FakeLaboratory) -> None:
    both = frozenset({"one", "two"})
    report = await measure([(experiment(FOUND), both)], Effort(), lambda _: None)
    assert [figure.status for figure in report.figures] == ["held", "missed"]
    assert (report.facts, report.notes) == ((Fact("f", "s", (1.0,)),), ("note",))
    assert report.environment["server"] == "redis 6.2"
    assert laboratory.cleared == 1


async def test_only_the_wanted_rows(laboratory: FakeLaboratory) -> None:
    report = await measure([(experiment(FOUND), frozenset({"two"}))], Effort(), lambda _: None)
    assert [figure.row.name for figure in report.figures] == ["two"]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RowSkipped("why"), "skipped"),
        (WrongResult("why"), "wrong"),
        (BenchmarkError("why"), "failed"),
        (ExceptionGroup("tasks", [ExceptionGroup("more", [WrongResult("why")])]), "wrong"),
        (BrokerUnavailable("why"), "failed"),
    ],
)
async def test_what_goes_wrong_is_said_and_the_next_goes_on(
    laboratory: FakeLaboratory, error: BaseException, status: str
) -> None:
    one = frozenset({"one"})
    chosen = [(experiment(error), one), (experiment(FOUND), one)]
    report = await measure(chosen, Effort(), lambda _: None)
    first, second = report.figures
    assert (first.status, first.reason, first.value) == (status, "why", None)
    assert second.status == "held"
    assert laboratory.cleared == 2


async def test_progress_is_told(laboratory: FakeLaboratory) -> None:
    lines: list[str] = []
    await measure([(experiment(FOUND), frozenset({"one"}))], Effort(), lines.append)
    assert lines[0] == "some ..."
    assert lines[1].startswith("some: ")
