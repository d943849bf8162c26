import json
import re
from pathlib import Path
from typing import Any

import pytest

from orchestrator.report.comparison import comparison_document
from orchestrator.report.html.compared import compared_page
from tests.unit.report.comparison_factory import make_comparison
from tests.unit.report.html.stored_run import HOSTILE, store
from tests.unit.report.result_factory import make_plan, make_sample, make_task


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    loaded: dict[str, Any] = json.loads(found[1])
    return loaded


def test_both_sides_are_in_the_same_intervals(tmp_path: Path) -> None:
    samples = [make_sample(second) for second in range(1, 4)]
    base = store(tmp_path / "1", samples=samples)
    head = store(tmp_path / "2", [make_task(n) for n in range(50)], samples=samples[:2])
    data = data_of(
        compared_page(make_comparison(), [(base.summary, base)], [(head.summary, head)] * 2)
    )
    assert (data["kind"], data["name"]) == ("comparison", "mixed")
    assert data["comparison"] == comparison_document(make_comparison())
    before, after = data["sides"]
    assert (before["label"], after["label"]) == ("BASE", "HEAD")
    assert (before["drawn_count"], after["drawn_count"]) == (1, 2)
    width_s = before["over_time"]["width_s"]
    assert after["over_time"]["width_s"] == width_s
    for side, count in ((before, 100), (after, 50)):
        drawn = sum(value or 0 for value in side["over_time"]["completed"])
        assert drawn * width_s == pytest.approx(count)
    assert (
        before["details"][0]["percentiles_ms"][0]
        == base.summary["metrics"]["task_duration"]["p50_ms"]
    )


def test_of_a_summary_alone_there_is_nothing_over_time(tmp_path: Path) -> None:
    run = store(tmp_path)
    data = data_of(compared_page(make_comparison(), [(run.summary, None)], [(run.summary, None)]))
    assert [side["over_time"] for side in data["sides"]] == [None, None]
    assert len(data["sides"][0]["details"]) == 1


def test_hostile_names_do_not_end_the_data(tmp_path: Path) -> None:
    run = store(tmp_path, plan=make_plan(name=HOSTILE))
    page = compared_page(make_comparison(), [(run.summary, run)], [(run.summary, run)])
    assert data_of(page)["name"] == run.summary["run"]["name"]
    assert "<img" not in page
