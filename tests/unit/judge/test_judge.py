import time
from collections.abc import Generator
from dataclasses import replace
from typing import Any, TypeVar

import pytest

from orchestrator.errors import ExitCode
from orchestrator.judge.aggregate import Fold
from orchestrator.judge.exit_code import exit_code
from orchestrator.judge.judge import IDS_CAP, STEP, Evidence, judge, standing
from orchestrator.judge.metrics import TRENDS
from orchestrator.judge.verify import NotRun
from orchestrator.records import (
    VERDICTS,
    FaultEvent,
    FaultPlan,
    Judgement,
    Outcome,
    PoolPlan,
    Sample,
    ThresholdResult,
)
from tests.unit.judge.outcome_factory import (
    MS,
    S,
    make_canvas,
    make_outcome,
    make_plan,
    make_threshold,
    no_result,
)

T = TypeVar("T")


def judged(*outcomes: Outcome, **changes: Any) -> Judgement:
    fields: dict[str, Any] = {"plan": make_plan(), "measured_s": 2.0, **changes}
    judgement, _ = judge(fields.pop("plan"), Evidence(outcomes, **fields))
    return judgement


def test_the_verdicts_add_up_to_what_was_sent() -> None:
    outcomes = [
        make_outcome("ok"),
        make_outcome("wrong", matched=False, reason="expected 10, got 11"),
        make_outcome("failed", state="FAILURE", matched=False),
        no_result("lost_task"),
        no_result("lost_result", executions=1),
        make_outcome("duplicate", executions=2),
        make_outcome("late", late=True),
    ]
    judgement, verdicts = judge(make_plan(), Evidence(outcomes, measured_s=1.0))
    assert verdicts == list(VERDICTS)
    assert judgement.counts == dict.fromkeys(VERDICTS, 1)
    assert judgement.sent == judgement.counters["tasks_sent"] == 7
    assert {task_id for ids in judgement.ids.values() for task_id in ids} == set(VERDICTS) - {"ok"}
    assert judgement.reasons["wrong"] == "expected 10, got 11"
    assert not judgement.ids_capped
    assert judgement.rates["verified"] == pytest.approx(1 / 7)
    assert judgement.rates["errors"] == pytest.approx(6 / 7)


def test_ids_are_capped_and_it_is_said() -> None:
    judgement = judged(*(no_result(str(number)) for number in range(IDS_CAP + 5)))
    assert len(judgement.ids["lost_task"]) == IDS_CAP
    assert judgement.counts["lost_task"] == IDS_CAP + 5
    assert judgement.ids_capped


def test_figures_by_task_queue_and_pool() -> None:
    judgement = judged(
        make_outcome("a"),
        make_outcome("b", task="m.mul", queue="mul", pool="slow", finished_ns=S + 54 * MS),
        make_outcome("c", pool="", queue="mul", task="m.mul", received_ns=None),
    )
    assert set(judgement.metrics) == set(TRENDS)
    assert set(judgement.by_task) == {"add_module.tasks.add", "m.mul"}
    assert set(judgement.by_queue) == {"add", "mul"}
    assert set(judgement.by_pool) == {"fast", "slow"}
    assert judgement.by_task["m.mul"]["run"].count == 2
    assert judgement.by_pool["slow"]["run"].max_ms == 50.0
    assert "canvas_duration" not in judgement.by_task["m.mul"]
    assert judgement.metrics["run"].count == 3


def test_workloads() -> None:
    fold = Fold.named("sum", lambda name: None)  # type: ignore[arg-type,return-value]
    fold.add(0, [4, 6])
    judgement = judged(
        make_outcome("a"),
        make_outcome("b", iteration=1),
        canvases=[make_canvas(0), make_canvas(1)],
        dropped={"sums": 2},
        folds={"sums": fold},
    )
    (workload,) = judgement.workloads
    assert (workload.name, workload.executor) == ("sums", "shared-iterations")
    assert (workload.iterations, workload.dropped_iterations) == (2, 2)
    assert (workload.aggregate, workload.value) == ("sum", 10)
    assert (workload.throughput_per_s, workload.offered_rate_per_s) == (1.0, 2.0)
    assert workload.metrics["canvas_duration"].count == 2
    assert judgement.counters["dropped_iterations"] == 2


def test_a_workload_that_sent_nothing() -> None:
    (workload,) = judged().workloads
    assert (workload.iterations, workload.throughput_per_s, workload.value) == (0, 0.0, None)
    assert workload.metrics["task_duration"].count == 0


def test_chords() -> None:
    outcomes = [make_outcome(f"h{n}", finished_ns=S + n * MS) for n in range(3)]
    body = make_outcome("body", started_ns=S + 7 * MS, direct=False)
    chords = [(("h0", "h1", "h2"), "body"), (("h0", "unknown"), "body"), (("h0",), "unknown")]
    judgement = judged(*outcomes, body, chords=chords)
    assert judgement.metrics["chord_join"].count == 1
    assert judgement.metrics["chord_join"].max_ms == 5.0
    assert judgement.by_task["add_module.tasks.add"]["chord_join"].count == 1


def test_the_warm_up_counts_for_verdicts_only() -> None:
    judgement = judged(
        make_outcome("a", measured=False, matched=False),
        make_outcome("b"),
        canvases=[make_canvas(0, intended_ns=1 * S), make_canvas(1, intended_ns=5 * S)],
        measured_from_ns=2 * S,
    )
    assert judgement.counts["wrong"] == judgement.counters["tasks_wrong"] == 1
    assert judgement.metrics["task_duration"].count == 1
    assert judgement.metrics["canvas_duration"].count == 1
    assert judgement.workloads[0].iterations == 2
    assert judgement.rates["throughput"] == 0.5


def test_samples_of_the_warm_up_are_left_out() -> None:
    threshold = make_threshold("backlog", "max<10", aggregation="max", operator="<", limit=10)
    samples = [
        Sample(at_s, 0, 0, 0, 0, {"q": depth}, {}, 0, 0) for at_s, depth in ((1, 99), (2, 3))
    ]
    cold = judged(plan=make_plan(threshold), samples=samples)
    warm = judged(plan=make_plan(threshold, warmup_s=1.0), samples=samples)
    assert cold.thresholds == (ThresholdResult("backlog", "max<10", 99, False),)
    assert warm.thresholds == (ThresholdResult("backlog", "max<10", 3, True),)


def test_what_was_not_run_is_not_lost() -> None:
    not_run = {"b": NotRun("a", "failed as expected"), "c": NotRun("a", "failed")}
    judgement = judged(no_result("b"), no_result("c"), no_result("d"), not_run=not_run)
    assert judgement.counts["ok"] == judgement.counts["failed"] == 1
    assert judgement.counts["lost_task"] == 1
    assert judgement.reasons["c"] == "not run: a failed"


# ---- implied thresholds ----


@pytest.mark.parametrize(
    ("counter", "outcome"),
    [
        ("tasks_failed", make_outcome(state="FAILURE", matched=False)),
        ("tasks_late", make_outcome(late=True)),
    ],
)
def test_an_unexpected_failure_does_not_pass_in_silence(counter: str, outcome: Outcome) -> None:
    judgement = judged(outcome)
    assert judgement.thresholds == (ThresholdResult(counter, "count==0", 1, False),)
    assert exit_code(judgement) is ExitCode.THRESHOLD_FAILED


@pytest.mark.parametrize("metric", ["tasks_failed", "errors", "verified"])
def test_a_threshold_of_the_scenarios_own_stands_instead(metric: str) -> None:
    lenient = make_threshold(metric, "", operator=">=", limit=0)
    lenient = replace(lenient, aggregation="count" if metric == "tasks_failed" else "rate")
    judgement = judged(make_outcome(state="FAILURE", matched=False), plan=make_plan(lenient))
    assert [each.metric for each in judgement.thresholds] == [metric]
    assert exit_code(judgement) is ExitCode.PASSED


def test_a_threshold_on_some_tasks_does_not_stand_for_all() -> None:
    partial = make_threshold("tasks_failed", "count==0", tags={"task": "other"})
    judgement = judged(make_outcome(state="FAILURE", matched=False), plan=make_plan(partial))
    assert [each.passed for each in judgement.thresholds] == [True, False]


def test_nothing_is_implied_when_all_is_well() -> None:
    assert judged(make_outcome()).thresholds == ()


def test_faults_are_reported_and_measured() -> None:
    kill = FaultPlan("worker-kill", 0.5, "fast", restart_after_s=0.0)
    events = (FaultEvent(kill, S + 500 * MS, 2 * S), FaultEvent(kill))
    outcomes = [make_outcome(seen_ns=3 * S, started_ns=2 * S)]
    down = make_threshold("fault_down", "max<2s", aggregation="max", operator="<", limit=2000)
    plan = make_plan(down, replace(down, tags={"pool": "slow"}))
    plan = replace(plan, pools=(PoolPlan("fast", ("add",)),))
    judgement = judged(*outcomes, plan=plan, faults=events, load_start_ns=S)
    struck, never = judgement.faults
    assert (struck.struck_s, struck.ended_s, struck.down_s, struck.tasks) == (0.5, 1.0, 1.5, 1)
    assert never.struck_s is None
    assert judgement.metrics["fault_recovery"].max_ms == 1500
    assert [each.observed for each in judgement.thresholds] == [1500, None]


# ---- while the run is on ----


def exhausted(steps: Generator[None, None, T]) -> tuple[int, T]:
    """How many steps it took, and what they came to."""
    taken = 0
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return taken, end.value
        taken += 1


def test_while_the_run_is_on_nothing_is_lost() -> None:
    lost = make_threshold("tasks_lost", "count==0")
    sent = make_threshold("tasks_sent", "count==3", limit=3)
    outcomes = [
        make_outcome("a"),
        no_result("b"),
        make_outcome("c", state="FAILURE", matched=False),
    ]
    _, results = exhausted(standing(make_plan(lost, sent), Evidence(outcomes, measured_s=1.0)))
    assert results == (
        ThresholdResult("tasks_lost", "count==0", 0, True),
        ThresholdResult("tasks_sent", "count==3", 3, True),
    )


def test_while_the_run_is_on_it_is_looked_at_step_by_step() -> None:
    plan = make_plan(make_threshold("tasks_lost", "count==0"))
    outcomes = [make_outcome(str(number)) for number in range(10 * STEP)]
    chords = [((str(number),), str(number + 1)) for number in range(3 * STEP)]
    canvases = [make_canvas() for _ in range(2 * STEP)]
    steps, _ = exhausted(standing(plan, Evidence(outcomes, canvases, chords)))
    assert steps == 10 + 2 + 3 + len(plan.thresholds)


def test_a_window_ends_now() -> None:
    threshold = make_threshold("errors", "rate<1", aggregation="rate", operator="<", limit=1.0)
    recent = replace(threshold, window_s=5.0)
    outcomes = [make_outcome("a"), make_outcome("b", seen_ns=20 * S, matched=False)]
    judgement = judged(*outcomes, plan=make_plan(threshold, recent), until_ns=21 * S)
    assert [each.observed for each in judgement.thresholds] == [0.5, 1.0]


def test_a_hundred_thousand_tasks_are_judged_in_seconds() -> None:
    outcomes = [
        make_outcome(str(n), task=f"m.t{n % 3}", pool=f"p{n % 3}", seen_ns=S + (n * 7919) % (9 * S))
        for n in range(100_000)
    ]
    began = time.perf_counter()
    judgement = judged(*outcomes)
    assert time.perf_counter() - began < 20
    assert judgement.counts["ok"] == 100_000
