from orchestrator.scenario.metrics import AGGREGATIONS, METRICS

# design.md, section 6
TRENDS = (
    "schedule_lag publish queue_wait prefetch_wait run result_lag task_duration "
    "canvas_duration chord_join"
)
CHORD_COUNTERS = {"chord_bodies_early", "chord_bodies_twice", "chord_bodies_never"}
COUNTERS = (
    "tasks_sent tasks_succeeded tasks_failed tasks_retried tasks_lost results_lost "
    "tasks_duplicated tasks_wrong tasks_late dropped_iterations"
)


def test_every_metric_of_the_design_is_there() -> None:
    kinds: dict[str, set[str]] = {}
    for metric in METRICS.values():
        kinds.setdefault(metric.kind, set()).add(metric.name)
    assert kinds == {
        "trend": {*TRENDS.split(), "fault_down", "fault_recovery"},
        "counter": {*COUNTERS.split(), *CHORD_COUNTERS},
        "throughput": {"throughput", "offered_rate", "drain_rate"},
        "ratio": {"verified", "errors"},
        "gauge": {"backlog", "worker_rss_bytes", "worker_cpu_ratio"},
    }
    assert set(kinds) == set(AGGREGATIONS)
