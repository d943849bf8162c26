"""A moment of a run, for the tests of what shows it."""

from typing import Any

from orchestrator.records import Live, LiveThreshold


def make_live(**changes: Any) -> Live:
    fields: dict[str, Any] = {
        "elapsed_s": 5.0,
        "time_left_s": 7.0,
        "target_per_s": 20.0,
        "iterations_per_s": 19.5,
        "tasks_per_s": 38.0,
        "in_flight": 7,
        "sent": 200,
        "completed": 190,
        "ok": 189,
        "failed": 1,
        "wrong": 0,
        "timed_out": 0,
        "dropped": 0,
        "p50_ms": 12.0,
        "p95_ms": 45.0,
        "p99_ms": 81.0,
        "backlog": {"add": 3, "mul": 9},
        "cpu": {"add": 0.42},
        "own_cpu_ratio": 0.1,
        "own_rss_bytes": 1,
        "thresholds": (
            LiveThreshold("task_duration", "p(95)<500ms", 45.0, True),
            LiveThreshold("throughput", "rate>50/s", 38.0, False),
            LiveThreshold("tasks_lost", "count==0", None, None),
        ),
    }
    return Live(**{**fields, **changes})
