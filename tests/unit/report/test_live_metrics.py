from typing import Any

from orchestrator.records import LiveTasks
from orchestrator.report.live_metrics import live_text
from tests.unit.cli.live_factory import make_live
from tests.unit.report.html.stored_run import HOSTILE
from tests.unit.report.test_metric_families import samples


def live(**changes: Any) -> dict[tuple[str, ...], float]:
    return samples(live_text("mixed", "sending", make_live(**changes)))


def test_before_the_load_it_says_what_is_run_and_how_far_it_is() -> None:
    assert samples(live_text("mixed", "starting the broker", None)) == {
        ("orchestrator_run_info", "mixed", "starting the broker"): 1
    }


def test_the_figures_are_those_of_the_live_view_by_the_names_of_the_final_ones() -> None:
    tasks = (LiveTasks("m.add", "add", 200, 189, 1), LiveTasks("m.mul", "mul", 9, 0, 0))
    found = live(tasks=tasks, backlog={"add": 3, "unacked": 9})
    assert found[("celery_task_sent_total", "m.add", "add")] == 200
    assert found[("celery_task_succeeded_total", "m.add", "add")] == 189
    assert found[("celery_task_failed_total", "m.mul", "mul")] == 0
    assert found[("celery_queue_length", "add")] == 3
    assert ("celery_queue_length", "unacked") not in found
    assert found[("orchestrator_unacked_messages",)] == 9
    assert found[("celery_worker_up", "add")] == 1
    assert found[("orchestrator_tasks_total", "ok")] == 189
    assert found[("orchestrator_task_duration_seconds", "0.95")] == 0.045
    assert found[("orchestrator_in_flight",)] == 7
    assert found[("orchestrator_worker_cpu_ratio", "add")] == 0.42
    assert found[("orchestrator_threshold_passed", "rate>50/s", "throughput")] == 0
    assert ("orchestrator_threshold_passed", "count==0", "tasks_lost") not in found


def test_what_is_not_known_yet_is_left_out() -> None:
    found = live(p50_ms=None, p95_ms=None, p99_ms=None, target_per_s=None, thresholds=())
    names = {key[0] for key in found}
    assert "orchestrator_task_duration_seconds" not in names
    assert "orchestrator_target_per_second" not in names


def test_hostile_names_are_labels() -> None:
    found = live(tasks=(LiveTasks(HOSTILE, HOSTILE, 1, 1, 0),), backlog={HOSTILE: 1})
    assert any(key[0] == "celery_queue_length" and len(key[1]) <= 200 for key in found)
