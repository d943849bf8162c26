"""What a fault did, as a row."""

from typing import Any

from orchestrator.records import FaultPlan
from orchestrator.report.fault_table import HEADINGS, fault_data, fault_row
from tests.unit.report.result_factory import make_fault


def test_a_row_has_the_times_and_what_became_of_the_tasks() -> None:
    row = fault_row(fault_data(make_fault()))
    assert row == (
        "worker-kill add",
        "2.01 s",
        "3.25 s",
        "6.00 s",
        "60",
        "57 ok, 1 failed, 2 lost tasks, 3 cut off",
    )
    assert len(row) == len(HEADINGS)


def test_what_is_not_known_is_a_dash() -> None:
    broker = FaultPlan("broker-pause", 2.0, duration_s=1.0)
    nothing: dict[str, Any] = {"tasks": 0, "cut_off": 0, "verdicts": {}, "recovered_s": None}
    row = fault_row(fault_data(make_fault(plan=broker, **nothing)))
    assert row == ("broker-pause", "2.01 s", "3.25 s", "-", "0", "-")


def test_one_that_did_not_strike_says_why() -> None:
    never: dict[str, Any] = {"struck_s": None, "ended_s": None, "tasks": 0}
    assert fault_row(fault_data(make_fault(**never)))[-1] == "did not strike: the load was over"
    row = fault_row(fault_data(make_fault(**never, note="no worker of add was running")))
    assert row[-1] == "did not strike: no worker of add was running"
    assert row[:2] == ("worker-kill add", "2.00 s")
    assert len(row) == len(HEADINGS)


def test_the_data_have_every_verdict() -> None:
    data = fault_data(make_fault())
    assert data["verdicts"]["duplicate"] == 0
    assert (data["kind"], data["worker"], data["at_s"]) == ("worker-kill", "add", 2.0)
