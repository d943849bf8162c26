"""Against celery-exporter's names, and against the summary of the same run."""

import re
from pathlib import Path
from typing import Any

import pytest

from orchestrator.records import VERDICTS
from orchestrator.report.openmetrics import KIND, QUANTILES
from orchestrator.report.stored import StoredRun
from tests.unit.report.html.stored_run import failing_tasks, store
from tests.unit.report.result_factory import make_task
from tests.unit.report.test_metric_families import samples

ROOT = Path(__file__).parents[3]
NAME, QUEUE = "add_module.tasks.add", "add"


def metrics(directory: Path, run: StoredRun) -> dict[tuple[str, ...], float]:
    (path,) = KIND.write(directory, run.summary)
    return samples(path.read_text())


def of(found: dict[tuple[str, ...], float], name: str) -> float:
    """The sum of all series of that name."""
    return sum(value for key, value in found.items() if key[0] == name)


def test_the_usual_names_have_what_celery_counts(tmp_path: Path) -> None:
    tasks = [
        make_task(0),
        make_task(1, matched=False),
        make_task(2, state="FAILURE"),
        make_task(3, retries=2),
        make_task(4, state="REVOKED", matched=False),
        make_task(5, received_ns=None, started_ns=None, finished_ns=None, seen_ns=None, results=0,
                  executions=0, state="PENDING", matched=None),
        make_task(6, task="mul", queue="other"),
    ]  # fmt: skip
    found = metrics(tmp_path, store(tmp_path, tasks))
    counts = {
        "sent": 6, "received": 5, "started": 5, "succeeded": 3, "failed": 1, "retried": 2,
        "revoked": 1,
    }  # fmt: skip
    for event, count in counts.items():
        assert found[(f"celery_task_{event}_total", NAME, QUEUE)] == count, event
    assert found[("celery_task_sent_total", "mul", "other")] == 1
    assert found[("celery_queue_length", "add")] == 3
    assert found[("celery_worker_up", "add")] == 1
    assert not any(label == "id" for key in found for label in key)
    assert not any(task.id in key for key in found for task in tasks)


def test_histograms_have_the_tasks_of_the_trends_and_no_others(tmp_path: Path) -> None:
    warm = [make_task(number, measured=False) for number in range(5)]
    run = store(tmp_path, [*warm, *(make_task(number) for number in range(5, 40))])
    found = metrics(tmp_path, run)
    for name, metric in (("runtime", "run"), ("queue_wait", "queue_wait")):
        trend = run.summary["metrics"][metric]
        assert of(found, f"celery_task_{name}_seconds_count") == trend["count"] == 35
        total_s = trend["avg_ms"] * trend["count"] / 1000
        assert of(found, f"celery_task_{name}_seconds_sum") == pytest.approx(total_s, abs=1e-4)
    within = sum(13 + number % 13 <= 25 for number in range(5, 40))
    assert found[("celery_task_runtime_seconds_bucket", "0.025", NAME, QUEUE)] == within


def test_our_own_figures_are_those_of_the_summary(tmp_path: Path) -> None:
    run = store(tmp_path, failing_tasks())
    found, summary = metrics(tmp_path, run), run.summary
    for verdict in VERDICTS:
        assert found[("orchestrator_tasks_total", verdict)] == summary["verdicts"][verdict]
    for name, trend in summary["metrics"].items():
        for quantile, point in QUANTILES.items():
            key = (f"orchestrator_{name}_seconds", quantile)
            assert (found[key] * 1000 if trend["count"] else None) == pytest.approx(trend[point])
    rates: dict[str, Any] = summary["rates"]
    assert found[("orchestrator_throughput_per_second",)] == rates["throughput_per_s"]
    assert found[("orchestrator_verified_ratio",)] == rates["verified_ratio"]
    assert of(found, "orchestrator_dropped_iterations_total") == 2
    assert found[("orchestrator_run_duration_seconds",)] == 14.75
    assert found[("orchestrator_run_exit_code",)] == 5
    assert found[("orchestrator_worker_rss_max_bytes", "add")] == 120 * 1024**2
    for each in summary["thresholds"]:
        key = (each["metric"], each["expression"])
        assert found[("orchestrator_threshold_passed", *reversed(key))] == each["passed"]
        assert found[("orchestrator_threshold_observed", *reversed(key))] == each["observed"]


def test_what_is_not_known_is_left_out(tmp_path: Path) -> None:
    found = metrics(tmp_path, store(tmp_path, [], samples=[], pools=()))
    assert not any(key[0].startswith("celery_") for key in found)
    assert not any(key[0] == "orchestrator_task_duration_seconds" for key in found)
    assert found[("orchestrator_tasks_total", "ok")] == 0


def test_the_documentation_names_what_is_exported(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "files.md").read_text()
    found = metrics(tmp_path, store(tmp_path, [make_task(0)]))
    usual = {key[0] for key in found if key[0].startswith("celery_")}
    names = {re.sub("_(bucket|count|sum)$", "", name) for name in usual}
    assert len(names) >= 8
    for name in names:
        assert f"`{name}`" in text, name
