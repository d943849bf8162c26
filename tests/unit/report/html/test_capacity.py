import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.records import Capacity, ThresholdResult
from orchestrator.report.capacity import capacity_summary
from orchestrator.report.html.capacity import capacity_data
from orchestrator.report.html.report import write_html
from orchestrator.report.run_directory import write_capacity
from tests.unit.report.html.stored_run import HOSTILE
from tests.unit.report.result_factory import PASSWORD
from tests.unit.report.test_capacity import FOUND, step


def data_of(capacity: Capacity) -> dict[str, Any]:
    return capacity_data(json.loads(json.dumps(capacity_summary(capacity))))


def with_objectives(*objectives: tuple[str, str]) -> Capacity:
    results = tuple(ThresholdResult(*each, observed=1.0, passed=True) for each in objectives)
    return replace(
        FOUND,
        objectives=tuple(" ".join(each) for each in objectives),
        steps=(replace(step(40.0), objectives=results),),
    )


def test_the_answer_is_in_the_words_of_the_console() -> None:
    data = data_of(FOUND)
    assert (data["kind"], data["name"]) == ("capacity", "naps")
    assert data["answer"] == "77.0/s"
    assert data["reservation"] == "80.0/s did not hold; 3 steps in 31.0 s"
    assert data["summary"] == json.loads(json.dumps(capacity_summary(FOUND)))
    at_least = data_of(replace(FOUND, limited_by="max-rate", failed_per_s=None))
    assert at_least["answer"] == "at least 77.0/s"
    assert data_of(replace(FOUND, held_per_s=None))["answer"] == "none of the rates held"


@pytest.mark.parametrize(
    ("metric", "expression", "unit", "limit"),
    [
        ("task_duration", "p(95)<200ms", "ms", 200.0),
        ("task_duration{task:add}", "avg<1s", "ms", 1000.0),
        ("verified", "rate==1", "ratio", 1.0),
        ("throughput", "rate>50/s", "per second", 50.0),
        ("tasks_retried", "count<3", "count", 3.0),
        ("tasks_retried", "rate<3/s", "per second", 3.0),
        ("worker_rss_bytes", "max<1MiB", "bytes", 1048576.0),
        ("of_another_version", "avg<1s", None, None),
        ("task_duration", "mode<1s", None, None),
    ],
)
def test_an_objective_has_its_unit_and_its_limit(
    metric: str, expression: str, unit: str | None, limit: float | None
) -> None:
    first, second = ("run", "p(50)<10ms"), (metric, expression)
    assert data_of(with_objectives(first, second))["objectives"] == [
        {"text": "run p(50)<10ms", "unit": "ms", "limit": 10.0},
        {"text": f"{metric} {expression}", "unit": unit, "limit": limit},
    ]


def test_a_search_that_was_stopped_before_its_first_step_has_a_page(tmp_path: Path) -> None:
    stopped = replace(
        FOUND, steps=(), held_per_s=None, failed_per_s=None, limited_by="stopped", exit_code=130
    )
    assert data_of(stopped)["objectives"] == [
        {"text": "task_duration p(95)<200ms", "unit": None, "limit": None}
    ]
    write_capacity(stopped, tmp_path, ["html"])
    assert "0 steps in 31.0 s" in (tmp_path / "report.html").read_text()


def test_the_page_is_rendered_again_to_the_same_bytes(tmp_path: Path) -> None:
    write_capacity(FOUND, tmp_path)
    path = tmp_path / "report.html"
    first = path.read_bytes()
    path.unlink()
    assert write_html(tmp_path) == path
    assert path.read_bytes() == first
    assert b"<title>naps: celery-orchestrator</title>" in first
    assert b'"kind":"capacity"' in first


def test_hostile_names_are_written_as_data_and_secrets_not_at_all(tmp_path: Path) -> None:
    hostile = replace(
        FOUND,
        name=HOSTILE,
        workload=HOSTILE,
        objectives=(HOSTILE,),
        steps=(step(40.0, HOSTILE, f"redis://:{PASSWORD}@10.0.0.1/0"),),
    )
    write_capacity(hostile, tmp_path)
    text = (tmp_path / "report.html").read_text()
    assert text.count("</script>") == 3
    assert "<img" not in text
    assert PASSWORD not in text
