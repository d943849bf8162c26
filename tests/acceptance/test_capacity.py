"""``capacity``: a known limit is found, and what cannot be asked is said."""

import json

import pytest

from tests.acceptance.command import Command

SCENARIO = "scenarios/capacity.yaml"


@pytest.mark.alone
def test_a_known_limit_is_found(command: Command) -> None:
    """Four threads that nap 50 ms for each task take 4 / 0.05 s = 80 a second."""
    done = command(
        "capacity", SCENARIO, "--slo", "task_duration p(95)<200ms",
        "--start-rate", "40/s", "--step", "3s", "--out", command.runs, "--json",
    )  # fmt: skip
    assert done.code == 0, done.err
    document = json.loads(done.out)
    assert 72 <= document["held_per_s"] <= 88, done.err
    assert document["limited_by"] == "objective"
    assert document["held_per_s"] < document["failed_per_s"] <= document["held_per_s"] * 1.05
    held = [step["rate_per_s"] for step in document["steps"] if step["held"]]
    assert document["held_per_s"] == max(held), "it was really shown to hold"
    assert json.loads((command.one_run() / "summary.json").read_text()) == document


@pytest.mark.alone
def test_nothing_holds(command: Command) -> None:
    done = command(
        "capacity", SCENARIO, "--slo", "run p(50)<10ms", "--start-rate", "0.04/s",
        "--set", "workloads.naps.canvas.args=[0.02]", "--step", "1s", "--max-time", "20s",
        "--out", command.runs, "--max-rate", "50/s", "--start-rate", "50/s",
    )  # fmt: skip
    assert done.code == 1, done.err
    assert "NONE of the rates held" in done.out
    assert "run p(50)<10ms: 20" in done.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--slo", "task_duration p95<200ms"), "--slo 'task_duration p95<200ms': "),
        (("--slo", "nothing p(95)<200ms"), "'nothing' is not a metric"),
        (("--slo", "run avg<1s", "--workload", "nap"), "there is no workload 'nap' (it has naps)"),
        (("--slo", "run avg<1s", "--start-rate", "10"), "a rate needs a unit"),
        ((), "Missing option '--slo'"),
    ],
)
def test_what_cannot_be_asked(command: Command, arguments: tuple[str, ...], says: str) -> None:
    done = command("capacity", SCENARIO, *arguments)
    assert done.code == 2
    assert says in done.err
    assert "Traceback" not in done.err
