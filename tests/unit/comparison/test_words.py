import pytest

from orchestrator.comparison.words import verdict
from orchestrator.records import FigureChange, FigureKey, Interval, Meaning, SideSummary, Verdict

NONE: dict[Verdict, int] = {"ok": 10, "wrong": 0, "late": 0, "lost_task": 0}
SIDE = SideSummary("runs/a", (), NONE)
THROUGHPUT = FigureKey("throughput", "rate")
MEDIAN = FigureKey("task_duration", "p", 50.0)


def change(key: FigureKey, meaning: Meaning) -> FigureChange:
    interval = None if meaning == "unknown" else Interval(0.2, 0.1, 0.3)
    return FigureChange(key, 1.0, 1.2, interval, meaning)


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (
            "noise",
            "noise",
            "No difference beyond noise. What may hide in it: throughput +10.0 to +30.0 %, "
            "task_duration p(50) +10.0 to +30.0 %.",
        ),
        ("noise", "worse", "HEAD is worse: task_duration p(50) +20.0 % (+10.0 to +30.0 %)."),
        ("better", "noise", "HEAD is better: throughput +20.0 % (+10.0 to +30.0 %)."),
        (
            "better",
            "worse",
            "HEAD is worse in task_duration p(50) +20.0 % (+10.0 to +30.0 %); better in "
            "throughput +20.0 % (+10.0 to +30.0 %).",
        ),
        ("unknown", "unknown", "Whether there is a difference cannot be told."),
        ("noise", "small", "No difference that counts: task_duration p(50) +20.0 % "
         "(+10.0 to +30.0 %)."),
    ],
)  # fmt: skip
def test_the_verdict(first: Meaning, second: Meaning, said: str) -> None:
    headline = [change(THROUGHPUT, first), change(MEDIAN, second)]
    assert verdict(headline, SIDE, SIDE) == said


def test_tasks_that_are_not_ok_are_said_first() -> None:
    bad = SideSummary("runs/b", (), {**NONE, "lost_task": 2, "late": 1})
    headline = [change(THROUGHPUT, "noise")]
    assert verdict(headline, SIDE, bad).startswith(
        "HEAD has 1 late, 2 lost tasks, BASE none that is not ok. No difference"
    )
    assert verdict(headline, bad, bad).startswith("No difference")
