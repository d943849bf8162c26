import pytest

from orchestrator.judge.gates import decide
from orchestrator.records import FailIf, FigureChange, FigureKey, Interval
from orchestrator.scenario.changes import parse_fail_if

DURATION = FigureKey("task_duration", "p", 95.0)
THROUGHPUT = FigureKey("throughput", "rate")
FAILED = FigureKey("tasks_failed", "count")


def figure(
    key: FigureKey, base: float | None, head: float | None, noise: float | None
) -> FigureChange:
    """``noise`` is how far the interval goes to each side."""
    if noise is None or base is None or head is None:
        return FigureChange(key, base, head, None, "unknown")
    change = head / base - 1
    return FigureChange(key, base, head, Interval(change, change - noise, change + noise), "noise")


@pytest.mark.parametrize(
    ("gate", "base", "head", "noise", "state"),
    [
        ("task_duration p(95)>+15%", 100.0, 120.0, 0.1, "tripped"),
        ("task_duration p(95)>+15%", 100.0, 120.0, 0.3, "unsure"),
        ("task_duration p(95)>+15%", 100.0, 110.0, 0.05, "held"),
        ("task_duration p(95)>+15%", 100.0, 80.0, 0.05, "held"),
        ("task_duration p(95)>+20%", 100.0, 120.0, 0.1, "held"),
        ("task_duration p(95)>=+20%", 100.0, 120.0, 0.1, "tripped"),
        ("task_duration p(95)>+50ms", 100.0, 160.0, 0.1, "tripped"),
        ("task_duration p(95)>+50ms", 100.0, 140.0, 0.1, "held"),
        ("task_duration p(95)>+50ms", 100.0, None, None, "tripped"),
        ("task_duration p(95)>+50ms", None, 100.0, None, "unsure"),
    ],
)
def test_a_gate_trips_beyond_its_limit_and_beyond_the_noise(
    gate: str, base: float | None, head: float | None, noise: float | None, state: str
) -> None:
    result = decide(parse_fail_if(gate), figure(DURATION, base, head, noise))
    assert (result.state, result.text) == (state, gate)
    assert result.words


@pytest.mark.parametrize(
    ("head", "noise", "state"),
    [(80.0, 0.1, "tripped"), (95.0, 0.01, "held"), (80.0, 0.3, "unsure")],
)
def test_a_fall_has_a_gate_too(head: float, noise: float, state: str) -> None:
    gate = parse_fail_if("throughput<-10%")
    assert decide(gate, figure(THROUGHPUT, 100.0, head, noise)).state == state


@pytest.mark.parametrize(
    ("gate", "base", "head", "state"),
    [
        ("tasks_failed>0", 0.0, 1.0, "tripped"),
        ("tasks_failed>0", 3.0, 3.0, "held"),
        ("tasks_failed>+5", 3.0, 8.0, "held"),
        ("tasks_failed>+10%", 0.0, 1.0, "tripped"),
        ("tasks_failed>+10%", 0.0, 0.0, "held"),
        ("tasks_failed>+10%", 10.0, 11.0, "held"),
    ],
)
def test_counts_are_facts(gate: str, base: float, head: float, state: str) -> None:
    assert decide(parse_fail_if(gate), figure(FAILED, base, head, None)).state == state


def test_a_share_of_tasks_falls_by_points() -> None:
    gate = parse_fail_if("verified<-0.5%")
    key = FigureKey("verified", "rate")
    assert isinstance(gate, FailIf)
    assert decide(gate, figure(key, 1.0, 0.996, None)).state == "held"
    assert decide(gate, figure(key, 1.0, 0.99, None)).state == "tripped"
