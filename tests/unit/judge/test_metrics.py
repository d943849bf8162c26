from typing import Any

import pytest

from orchestrator.judge.metrics import (
    CHORD_COUNTERS,
    GAPS,
    TRENDS,
    Events,
    HeaderTask,
    Labels,
    Metrics,
    Series,
)
from orchestrator.judge.view import View
from orchestrator.scenario.metrics import FAULT_TRENDS
from tests.unit.judge.outcome_factory import MS, S, make_canvas, make_outcome, no_result


def view(metrics: Metrics) -> View:
    return View(metrics, measured_s=1.0)


def test_every_gap_of_a_task_whose_times_are_known() -> None:
    metrics = Metrics()
    metrics.add(
        make_outcome(
            intended_ns=0,
            sent_ns=1 * MS,
            published_ns=3 * MS,
            received_ns=7 * MS,
            started_ns=15 * MS,
            finished_ns=65 * MS,
            seen_ns=97 * MS,
        ),
        "ok",
    )
    observed = {metric: view(metrics).trend(metric).max_ms for metric in TRENDS}
    assert observed == {
        "schedule_lag": 1.0,
        "publish": 2.0,
        "queue_wait": 4.0,
        "prefetch_wait": 8.0,
        "run": 50.0,
        "result_lag": 32.0,
        "task_duration": 97.0,
        "canvas_duration": None,
        "chord_join": None,
        "fault_down": None,
        "fault_recovery": None,
    }
    assert sum(observed[gap] or 0 for gap in GAPS) == observed["task_duration"]


def test_a_task_that_a_worker_published_counts_from_there() -> None:
    metrics = Metrics()
    metrics.add(make_outcome(direct=False, intended_ns=None, sent_ns=None), "ok")
    assert view(metrics).trend("task_duration").max_ms == 4.0
    assert view(metrics).trend("schedule_lag").count == 0
    assert view(metrics).trend("publish").count == 0


@pytest.mark.parametrize(
    ("missing", "without"),
    [
        ("received_ns", {"queue_wait", "prefetch_wait"}),
        ("started_ns", {"prefetch_wait", "run"}),
        ("finished_ns", {"run", "result_lag"}),
        ("seen_ns", {"result_lag", "task_duration"}),
        ("published_ns", {"publish", "queue_wait"}),
        ("sent_ns", {"schedule_lag", "publish"}),
    ],
)
def test_a_time_that_nobody_saw_gives_no_sample(missing: str, without: set[str]) -> None:
    metrics = Metrics()
    unseen: dict[str, Any] = {missing: None}
    metrics.add(make_outcome(**unseen), "ok")
    empty = {metric for metric in TRENDS if view(metrics).trend(metric).count == 0}
    assert empty == without | {"canvas_duration", "chord_join", *FAULT_TRENDS}


def test_a_worker_that_was_quicker_than_the_brokers_reply_waited_for_nothing() -> None:
    metrics = Metrics()
    metrics.add(make_outcome(published_ns=S + 5 * MS, received_ns=S + 3 * MS), "ok")
    assert view(metrics).trend("queue_wait").min_ms == 0.0


def test_the_warm_up_gives_verdicts_and_no_figures() -> None:
    metrics = Metrics()
    metrics.add(make_outcome("a", measured=False), "ok")
    metrics.add(make_outcome("b"), "ok")
    metrics.add_canvas(make_canvas(0), measured=False)
    metrics.add_canvas(make_canvas(1), measured=True)
    seen = view(metrics)
    assert seen.count("tasks_sent") == seen.count("tasks_succeeded") == 2
    assert seen.trend("task_duration").count == 1
    assert seen.trend("canvas_duration").count == 1
    assert seen.rate("throughput") == 1.0
    assert metrics.iterations == {"sums": 2}


def test_canvas_duration_counts_from_the_intended_time() -> None:
    metrics = Metrics()
    metrics.add_canvas(make_canvas(intended_ns=S, sent_ns=3 * S, seen_ns=4 * S), measured=True)
    metrics.add_canvas(make_canvas(1, seen_ns=None, state="timeout"), measured=True)
    trend = view(metrics).trend("canvas_duration")
    assert (trend.count, trend.max_ms) == (1, 3000.0)


def header(*finished_ns: int | None, succeeded: bool = True) -> list[HeaderTask]:
    return [HeaderTask(at_ns, succeeded) for at_ns in finished_ns]


def test_chord_join_is_from_the_last_header_to_the_body() -> None:
    metrics = Metrics()
    body = make_outcome("body", started_ns=S + 12 * MS)
    metrics.add_chord(header(S, S + MS, S + 2 * MS), body)
    assert view(metrics).trend("chord_join").max_ms == 10.0


def test_chord_join_needs_every_time() -> None:
    metrics = Metrics()
    metrics.add_chord(header(S, None), make_outcome("body"))
    metrics.add_chord(header(S), no_result("body", started_ns=None))
    metrics.add_chord(header(S), make_outcome("body", measured=False))
    metrics.add_chord([], make_outcome("body"))
    assert view(metrics).trend("chord_join").count == 0


def test_chord_bodies_that_come_early_twice_or_never_are_counted() -> None:
    metrics = Metrics()
    metrics.add_chord(header(S, S + 20 * MS), make_outcome("early", started_ns=S + 12 * MS))
    metrics.add_chord(header(S), make_outcome("twice", started_ns=2 * S, executions=2))
    metrics.add_chord(header(S), no_result("never", started_ns=None))
    metrics.add_chord(header(S, succeeded=False), no_result("rightly not", started_ns=None))
    metrics.add_chord(header(S), no_result("still queued", started_ns=None, unfinished=True))
    metrics.add_chord(header(S), make_outcome("well", started_ns=2 * S))
    counts = {name: view(metrics).count(name) for name in CHORD_COUNTERS}
    assert counts == dict.fromkeys(CHORD_COUNTERS, 1)


def test_counters() -> None:
    metrics = Metrics()
    metrics.add(make_outcome("a", retries=2), "ok")
    metrics.add(make_outcome("b", matched=None), "ok")
    metrics.add(make_outcome("c"), "wrong")
    metrics.add(make_outcome("d"), "failed")
    metrics.add(no_result("e"), "lost_task")
    metrics.add(no_result("f"), "lost_result")
    metrics.add(make_outcome("g"), "duplicate")
    metrics.add(make_outcome("h"), "late")
    metrics.add(no_result("i"), None)
    metrics.drop("sums", 3)
    metrics.drop("sums", 1)
    expected = {
        "tasks_sent": 9,
        "tasks_succeeded": 2,
        "tasks_unverified": 1,
        "tasks_retried": 1,
        "tasks_wrong": 1,
        "tasks_failed": 1,
        "tasks_lost": 1,
        "results_lost": 1,
        "tasks_duplicated": 1,
        "tasks_late": 1,
        "dropped_iterations": 4,
    }
    assert {event: view(metrics).count(event) for event in expected} == expected


def test_a_task_that_was_not_run_as_expected_is_no_completion() -> None:
    metrics = Metrics()
    metrics.add(no_result("a", finished_ns=None), "ok")
    metrics.add(no_result("b", ignored=True), "ok")
    assert view(metrics).count("completed") == 1


@pytest.mark.parametrize(
    ("selector", "matches"),
    [
        ({}, True),
        ({"workload": "sums"}, True),
        ({"workload": "other"}, False),
        ({"task": "add"}, True),
        ({"task": "add_module.tasks.add"}, True),
        ({"task": "tasks.add"}, False),
        ({"queue": "add", "pool": "fast"}, True),
        ({"queue": "add", "pool": "slow"}, False),
        ({"worker": "add-1"}, True),
        ({"worker": "add-1@host"}, True),
        ({"worker": "add"}, False),
        ({"size": "big"}, True),
        ({"size": "small"}, False),
        ({"colour": "red"}, False),
    ],
)
def test_selectors(selector: dict[str, str], matches: bool) -> None:
    labels = Labels("sums", "add_module.tasks.add", "add", "fast", "add-1@host", (("size", "big"),))
    assert labels.match(selector) is matches


def test_a_canvas_carries_its_workloads_tags() -> None:
    metrics = Metrics()
    metrics.add(make_outcome(tags={"size": "big"}), "ok")
    metrics.add_canvas(make_canvas(), measured=True)
    assert view(metrics).trend("canvas_duration", {"size": "big"}).count == 1
    assert view(metrics).trend("canvas_duration", {"task": "add"}).count == 0


def test_series_and_events_know_their_times_only_when_asked_to() -> None:
    series, events = Series(10 * S), Events(10 * S)
    for at_ns, value in ((10, 3), (20, 1), (30, 2)):
        series.append(value, at_ns)
        events.append(at_ns, measured=True)
    assert (series.all.count, series.since(10).count, series.since(10).high) == (3, 2, 2)
    assert events.since(10) == 2
    untimed = Events()
    untimed.append(10, measured=False)
    assert (untimed.since(99), untimed.count, untimed.measured) == (1, 1, 0)


def test_what_is_older_than_any_window_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.judge.metrics.PRUNE_EVERY", 100)
    series, events = Series(S), Events(S)
    for number in range(1000):
        series.append(number, number * S)
        events.append(number * S, measured=True)
    assert series.all.count == events.count == 1000
    assert len(series._at) < 200
    assert len(events._at) < 200
    assert series.since(990 * S).count == events.since(990 * S) == 9
