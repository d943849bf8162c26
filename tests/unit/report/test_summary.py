import json
import math
from dataclasses import replace

from orchestrator.judge.metrics import COUNTERS, TRENDS
from orchestrator.report.summary import VERSION, summary
from tests.unit.report.result_factory import PASSWORD, make_result, make_task

TREND = {
    "count", "avg_ms", "min_ms", "p50_ms", "p75_ms", "p90_ms", "p95_ms", "p99_ms", "p99_9_ms",
    "max_ms", "exact",
}  # fmt: skip
VERDICTS = {"ok", "wrong", "failed", "lost_task", "lost_result", "duplicate", "late"}


def test_the_keys_are_those_of_the_promise() -> None:
    document = summary(make_result())
    assert document["version"] == VERSION == 1
    assert set(document) == {
        "version", "run", "environment", "scenario", "verdicts", "workloads", "metrics",
        "counters", "rates", "by_task", "by_queue", "by_pool", "workers", "thresholds",
        "orchestrator", "faults",
    }  # fmt: skip
    assert set(document["run"]) == {
        "id", "name", "started_at", "duration_s", "startup_s", "exit_code", "stopped_by", "partial",
    }  # fmt: skip
    environment = document["environment"]
    assert {"orchestrator", "celery", "kombu", "python", "broker", "host"} <= set(environment)
    assert set(environment["broker"]) == {"kind", "version", "path", "url", "results_url"}
    assert set(environment["host"]) == {"cpus", "memory_bytes"}
    assert set(document["verdicts"]) == VERDICTS | {
        "sent", "ids", "ids_capped", "tasks", "reasons", "tracebacks",
    }  # fmt: skip
    assert set(document["verdicts"]["ids"]) == VERDICTS - {"ok"}
    assert set(document["workloads"]) == {"sums", "factorials"}
    assert set(document["workloads"]["sums"]) == {
        "executor", "iterations", "dropped_iterations", "offered_rate_per_s", "throughput_per_s",
        "aggregate", "value", "metrics",
    }  # fmt: skip
    assert set(document["metrics"]) == set(document["workloads"]["sums"]["metrics"]) == set(TRENDS)
    assert set(document["metrics"]["task_duration"]) == TREND
    assert set(COUNTERS) <= set(document["counters"])
    assert set(document["rates"]) == {
        "throughput_per_s", "offered_rate_per_s", "verified_ratio", "errors_ratio",
    }  # fmt: skip
    assert set(document["by_task"]["add_module.tasks.add"]["run"]) == TREND
    assert set(document["by_queue"]) == set(document["by_pool"]) == {"add"}
    assert set(document["workers"]["add"]) == {
        "pool", "concurrency", "queues", "tasks", "cpu_s", "rss_max_bytes", "restarts",
        "exit_codes", "startup_s",
    }  # fmt: skip
    assert set(document["thresholds"][0]) == {"metric", "expression", "observed", "passed"}
    assert set(document["orchestrator"]) == {
        "cpu_s", "cpu_max_ratio", "rss_max_bytes", "probe_lost_events_count", "bottleneck",
        "bottleneck_reason",
    }  # fmt: skip


def test_the_values_are_those_of_the_run() -> None:
    document = summary(make_result())
    assert document["run"]["exit_code"] == 0
    assert document["verdicts"]["sent"] == document["verdicts"]["ok"] == 100
    assert document["workloads"]["sums"]["value"] == 123456
    assert document["workloads"]["sums"]["dropped_iterations"] == 2
    assert int(document["workloads"]["factorials"]["value"]["int"], 0) == 7**4000
    assert document["rates"]["verified_ratio"] == 1.0
    assert document["thresholds"][2] == {
        "metric": "task_duration{task:add}",
        "expression": "p(95)<500ms",
        "observed": 40.05,
        "passed": True,
    }


def test_it_holds_no_secret() -> None:
    leaky = make_task(
        1, matched=False, reason=f"raised OSError: redis://:{PASSWORD}@host:6379/0 is gone"
    )
    result = make_result([leaky], stopped_by=f"error: redis://:{PASSWORD}@host died")
    text = json.dumps(summary(result))
    assert PASSWORD not in text
    assert "redis://:***@" in text


def test_ids_and_reasons_of_what_is_not_ok() -> None:
    wrong = make_task(1, matched=False, reason="expected 10, got 11")
    document = summary(make_result([make_task(0), wrong]))
    assert document["verdicts"]["ids"]["wrong"] == [wrong.id]
    assert document["verdicts"]["reasons"] == {wrong.id: "expected 10, got 11"}
    assert document["verdicts"]["ids_capped"] is False
    assert document["run"]["exit_code"] == 5


def test_what_json_cannot_say_is_said_another_way() -> None:
    result = make_result()
    odd = replace(result.judgement.workloads[0], value=[math.nan, math.factorial(20_000), b"x"])
    judgement = replace(result.judgement, workloads=(odd,))
    document = summary(replace(result, judgement=judgement))
    value = json.loads(json.dumps(document, allow_nan=False))["workloads"]["sums"]["value"]
    assert value[0] == {"float": "nan"}
    assert int(value[1]["int"], 0) == math.factorial(20_000)


def test_a_run_without_tasks_has_a_summary_too() -> None:
    document = summary(make_result([]))
    assert document["verdicts"]["sent"] == 0
    assert document["metrics"]["task_duration"]["p95_ms"] is None
    assert document["thresholds"][0]["observed"] is None
