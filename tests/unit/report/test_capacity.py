"""The table of a capacity's steps, and its answer."""

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.records import Capacity, Step, ThresholdResult
from orchestrator.report.capacity import capacity_summary, print_capacity, stored_capacity
from orchestrator.report.run_directory import write_capacity


def step(rate: float, *why: str) -> Step:
    objective = ThresholdResult("task_duration", "p(95)<200ms", 57.25, not why)
    return Step(rate, 5.0, rate, 0, 0.0, 200, (objective,), {"ok": 250}, why)


FOUND = Capacity(
    id="c1", name="naps", workload="sleep", objectives=("task_duration p(95)<200ms",),
    steps=(step(40.0), step(80.0, "in flight grew by 2.3/s"), step(77.0)), held_per_s=77.0,
    failed_per_s=80.0, limited_by="objective", exit_code=0, duration_s=31.0,
)  # fmt: skip


def printed(capacity: Capacity) -> str:
    file = io.StringIO()
    print_capacity(capacity, file, Path("runs/x"))
    return file.getvalue()


def test_every_step_has_a_line_and_the_answer_comes_last() -> None:
    lines = printed(FOUND).rstrip().splitlines()
    (bad,) = [line for line in lines if "not held" in line and "80.0/s" in line]
    assert "in flight grew by 2.3/s" in bad
    assert sum(" held" in line for line in lines) >= 3
    assert lines[-1].strip() == "CAPACITY 77.0/s (80.0/s did not hold; 3 steps in 31.0 s)"


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        (
            {"limited_by": "orchestrator", "failed_per_s": None},
            "CAPACITY at least 77.0/s (the orchestrator could not send more; 3 steps",
        ),
        (
            {"limited_by": "time"},
            "CAPACITY at least 77.0/s (80.0/s did not hold; no time left; 3 steps",
        ),
        ({"limited_by": "max-rate", "failed_per_s": None}, "at least 77.0/s (the highest rate"),
        ({"held_per_s": None}, "NONE of the rates held (80.0/s did not hold; 3 steps"),
        ({"steps": (step(77.0),)}, "(80.0/s did not hold; 1 step in 31.0 s)"),
    ],
)
def test_the_answer_says_what_it_is_worth(changes: dict[str, Any], answer: str) -> None:
    assert answer in printed(replace(FOUND, **changes))


def test_the_document(tmp_path: Path) -> None:
    write_capacity(FOUND, tmp_path)
    document = json.loads((tmp_path / "summary.json").read_text())
    assert document == json.loads(json.dumps(capacity_summary(FOUND)))
    assert (document["kind"], document["held_per_s"], document["failed_per_s"]) == (
        "capacity",
        77.0,
        80.0,
    )
    assert [each["held"] for each in document["steps"]] == [True, False, True]
    assert document["steps"][0]["verdicts"]["ok"] == 250


def test_the_record_is_read_back_from_the_document() -> None:
    again = stored_capacity(json.loads(json.dumps(capacity_summary(FOUND))))
    assert printed(again) == printed(FOUND)
    assert capacity_summary(again) == capacity_summary(FOUND)
