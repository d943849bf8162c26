"""An iteration is recorded once, at its first end."""

from typing import Any

import pytest

from orchestrator.load.clock import now_ns
from orchestrator.load.flight import Flight
from orchestrator.records import CanvasOutcome, Submission
from orchestrator.testing import NEVER, FakeClient
from tests.unit.client.recording_app import recording_app

APP = recording_app()


class Recorder:
    def __init__(self) -> None:
        self.ends: list[tuple[CanvasOutcome, Any]] = []
        self.over: list[Flight] = []

    def ended(self, outcome: CanvasOutcome, value: Any) -> None:
        self.ends.append((outcome, value))

    def flight(self, timeout_s: float = 60.0) -> Flight:
        deadline_ns = now_ns() + round(timeout_s * 1e9)
        submission = Submission("w", 7, (), "id", (), now_ns())
        return Flight(submission, deadline_ns, self, self.over.append)

    @property
    def states(self) -> list[str]:
        return [outcome.state for outcome, _ in self.ends]


async def test_the_first_end_counts() -> None:
    recorder = Recorder()
    flight = recorder.flight()
    async with FakeClient(APP, {"add": 3}) as client:
        flight.follow(await client.submit(APP.tasks["add"].s(1)))
    flight.expire(1.0)
    flight.stop()
    [(outcome, value)] = recorder.ends
    assert (outcome.state, outcome.iteration, value) == ("ok", 7, 3)
    assert recorder.over == [flight]


async def test_what_was_stopped_on_its_way_is_followed_no_more() -> None:
    recorder = Recorder()
    flight = recorder.flight()
    flight.stop()
    async with FakeClient(APP, {"add": 3}) as client:
        flight.follow(await client.submit(APP.tasks["add"].s(1)))
    assert recorder.states == ["stopped"]


async def test_a_client_that_is_closed_stops_it() -> None:
    recorder = Recorder()
    flight = recorder.flight()
    async with FakeClient(APP, {"add": NEVER}) as client:
        flight.follow(await client.submit(APP.tasks["add"].s(1)))
        assert recorder.states == []
    assert recorder.states == ["stopped"]
    assert recorder.ends[0][0].seen_ns is None


async def test_a_failure_is_told_by_its_kind() -> None:
    recorder = Recorder()
    flight = recorder.flight()
    async with FakeClient(APP, {"add": ValueError("bad")}) as client:
        flight.follow(await client.submit(APP.tasks["add"].s(1)))
    assert recorder.ends[0][0].error == "ValueError: bad"
    assert recorder.states == ["failed"]


@pytest.mark.parametrize(("timeout_s", "overdue"), [(-1.0, True), (60.0, False)])
def test_its_time_is_counted_from_when_it_was_intended(timeout_s: float, overdue: bool) -> None:
    assert Recorder().flight(timeout_s).overdue is overdue
