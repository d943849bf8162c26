import json
from pathlib import Path

import pytest

from orchestrator.report.html.digest import digest
from tests.unit.report.html.stored_run import failing_tasks, store


def test_the_data_agree_with_the_summary(tmp_path: Path) -> None:
    run = store(tmp_path, failing_tasks(), tracebacks={failing_tasks()[20].id: "Traceback: x"})
    data = digest(run)
    json.dumps(data, allow_nan=False)
    verdicts = data["summary"]["verdicts"]
    assert (verdicts["sent"], verdicts["ok"], verdicts["wrong"]) == (24, 20, 3)
    intervals = data["intervals"]
    assert sum(intervals["completed"]) * intervals["width_s"] == pytest.approx(23)
    assert sum(intervals["not_ok"]) * intervals["width_s"] == pytest.approx(4)
    (everything, by_task, by_queue) = data["spread"]
    trend = data["summary"]["metrics"]["task_duration"]
    for spread in (everything, by_task, by_queue):
        assert spread["count"] == trend["count"] == 23
        assert dict(map(tuple, spread["percentiles"]))[95] == pytest.approx(
            trend["p95_ms"], abs=1e-3
        )
        assert sum(count for _, count in spread["rows"]) == 23
    assert [group["count"] for group in data["failures"]["groups"]] == [3, 1]
    assert data["failures"]["groups"][0]["traceback"] == "Traceback: x"
    assert data["lanes"]["workers"][0]["worker"] == "add-1@host"
    assert data["canvases"]["sums"]["most"] == 1


def test_thresholds_are_worded_and_those_on_a_trend_are_lines(tmp_path: Path) -> None:
    data = digest(store(tmp_path))
    texts = {each["metric"]: each["text"] for each in data["thresholds"]}
    assert texts["verified"] == "100 %"
    assert texts["tasks_lost"] == "0"
    (limit,) = data["limits"]
    assert (limit["metric"], limit["ms"], limit["passed"]) == ("task_duration", 500.0, True)
    assert limit["label"] == "task_duration{task:add} p(95)<500ms"


def test_values_of_workloads_are_in_words(tmp_path: Path) -> None:
    assert digest(store(tmp_path))["values"]["sums"] == "123,456"
